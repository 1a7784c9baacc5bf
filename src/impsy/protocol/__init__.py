"""What the session, the web process and the page send each other, each message typed once.

==============  ==========================================================================================
``monitor``     session → web process, by OSC over UDP: vectors, the state, the forecast
``pages``       web process ↔ page, by the WebSocket ``/ws``: JSON messages, told apart by their ``type``
``session``     web process → page, by HTTP: the session and the machine
``workspace``   web process → page, by HTTP: the controls, the configuration and the devices
``library``     web process → page, by HTTP: takes, datasets, trainings and models
``own_model``   web process → page, by both: how far “Make it play like me” is
``instrument``  ``impsy export-page`` → a page without a web process: its configuration and models
==============  ==========================================================================================

The page's types (``frontend/src/protocol.ts``) are generated from these by ``frontend/make_protocol.py``: a new
message is one class here. What passes as a JSON object is a ``TypedDict``; what Python code makes and reads by
attribute is a frozen dataclass. Keys are public: they are added, never renamed.
"""
