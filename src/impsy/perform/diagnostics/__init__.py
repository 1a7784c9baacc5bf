"""What a check-up finds: devices, inputs and outputs, and what to do about what fails."""
