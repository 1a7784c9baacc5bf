"""The card for the Raspberry Pi: what is checked without making and starting it (``packaging/image/try.py`` does)."""

from __future__ import annotations

import configparser
import importlib.util
import os
import re
import sys
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging_tools import ROOT, succeed, tool

from impsy.config import load_config
from impsy.config.workspace import starter_files
from impsy.web.server.safety import rules_for

IMAGE = ROOT / "packaging" / "image"
CARD = IMAGE / "root"
PROGRAMS = CARD / "usr" / "local" / "lib" / "impsy-card"
UNITS = CARD / "etc" / "systemd" / "system"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a card is made on Linux")


def program(name: str) -> ModuleType:
    """A program of the card, as a module."""
    spec = importlib.util.spec_from_file_location(f"card_{name}", PROGRAMS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


wifi, screen, page_token = program("wifi"), program("screen"), program("page_token")


def networks(text: str) -> str:
    return str(wifi.configuration(*wifi.read(text.encode())))


# --- wifi.txt ------------------------------------------------------------------------------------


def test_a_network_with_its_password_is_joined():
    assert networks("name = My network\npassword = its password\ncountry = gb\n").splitlines() == [
        "country=GB",
        "network={",
        f"  ssid={b'My network'.hex()}",
        "  scan_ssid=1",
        "  priority=1",
        '  psk="its password"',
        "}",
    ]


def test_windows_line_ends_a_mark_at_the_beginning_and_comments_do_no_harm():
    plain = "name = Café\npassword = 12345678\n"
    assert networks("\ufeff# mine\r\n\r\n" + plain.replace("\n", "\r\n").replace("name", "Name")) == networks(plain)


def test_several_networks_are_tried_in_their_order_and_one_may_be_open():
    text = networks("name = home\npassword = " + "a" * 64 + "\nname = café\n")
    assert re.findall(r"priority=(\d)", text) == ["2", "1"]
    assert f"psk={'a' * 64}" in text
    assert text.count("key_mgmt=NONE") == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "write the network's name"),
        ("password = 12345678\n", "line 1: write the network's name above its password"),
        ("name = x\npassword = short\n", "line 2: a password has 8 to 63"),
        ("name = " + "ä" * 17, "line 1: a network's name has 1 to 32 bytes"),
        ("name =\n", "line 1: a network's name has 1 to 32 bytes"),
        ("name = x\ncountry = Britain\n", "line 2: a country is two letters"),
        ("my network\n", "line 1: write name = …"),
        ("name = a\x01b\n", "line 1: control characters"),
    ],
)
def test_a_mistake_is_told_with_its_line(text, told):
    with pytest.raises(wifi.WifiError, match=re.escape(told)):
        wifi.read(text.encode())


def test_a_file_that_is_no_text_is_refused():
    with pytest.raises(wifi.WifiError, match="UTF-8"):
        wifi.read(b"\xff\xfe\x00")


@given(
    st.binary(max_size=300) | st.text(alphabet='name=pswordcuty \r\n"{}#\\é\x00\x85', max_size=300).map(str.encode)
)
def test_whatever_wifi_txt_is_no_setting_of_its_own_gets_in(data):
    try:
        text = wifi.configuration(*wifi.read(data))
    except wifi.WifiError:
        return
    known = r"network=\{|\}|country=[A-Z]{2}|  (ssid=[0-9a-f]+|scan_ssid=1|priority=\d+|key_mgmt=NONE|psk=(.+))"
    password = r'"[ -~]{8,63}"|[0-9a-fA-F]{64}'
    for line in text.splitlines():
        found = re.fullmatch(known, line)
        assert found is not None
        assert found[2] is None or re.fullmatch(password, found[2])


# --- the screen ----------------------------------------------------------------------------------


def interface(name: str, address: str, scope: str = "global") -> dict[str, object]:
    return {"ifname": name, "addr_info": [{"family": "inet", "local": address, "scope": scope}, {"family": "inet6"}]}


def test_the_screen_shows_what_most_machines_reach_first():
    listed = [
        interface("lo", "127.0.0.1", "host"),
        interface("usb0", "10.55.0.1"),
        interface("eth0", "169.254.3.4", "link"),
        interface("wlan0", "192.168.1.7"),
        {"ifname": "eth1"},
    ]
    assert screen.addresses(listed) == ["192.168.1.7", "10.55.0.1", "169.254.3.4"]
    shown = screen.screen("impsy", ["192.168.1.7"], "abcd-efgh", ["wifi.txt, line 1: …"], "CODE\n")
    assert "  http://impsy.local:4000/?token=abcd-efgh\n  http://192.168.1.7:4000/?token=abcd-efgh\n" in shown
    assert "CODE" in shown
    assert "wifi.txt, line 1" in shown


def test_without_a_network_the_screen_says_what_to_plug_in():
    shown = screen.screen("impsy", [], "abcd-efgh", [], "")
    assert "network cable" in shown
    assert "abcd" not in shown


def test_the_token_is_read_as_the_page_reads_it():
    assert screen.token("IMPSY_TOKEN=abcd-efgh\n") == "abcd-efgh"
    assert screen.token("") == ""


# --- the files -----------------------------------------------------------------------------------


def test_its_scripts_pass_their_linter():
    scripts = [
        IMAGE / "build.sh",
        PROGRAMS / "grow",
        PROGRAMS / "usb",
        *(ROOT / ".ci" / name for name in ("arm64", "emulate", "debian")),
    ]
    assert succeed(tool("shellcheck"), *scripts) == ""
    assert all(os.access(script, os.X_OK) for script in scripts)


def test_its_units_start_programs_that_are_there_and_are_switched_on():
    enabled = (IMAGE / "build.sh").read_text(encoding="utf-8")
    for path in sorted(UNITS.rglob("*")):
        if path.is_dir():
            continue
        unit = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
        unit.optionxform = str  # type: ignore[assignment,method-assign]
        unit.read_string(path.read_text(encoding="utf-8"))
        for named in re.findall(r"/usr/local/lib/impsy-card/([\w.]+)", path.read_text(encoding="utf-8")):
            assert (PROGRAMS / named).is_file(), (path, named)
        if path.parent == UNITS and unit.has_section("Install"):
            assert re.search(rf"\b{path.stem.rstrip('@')}\b", enabled), path


def test_its_configuration_hears_the_network_and_answers_the_usb_cable(tmp_path):
    for name, content in starter_files().items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    (tmp_path / "config.toml").write_bytes((IMAGE / "config.toml").read_bytes())
    loaded = load_config(tmp_path / "config.toml")
    assert not loaded.warnings
    assert loaded.model_file().is_file()
    assert loaded.config.osc.server_ip == "0.0.0.0"
    network = (CARD / "etc/systemd/network/10-usb.network").read_text(encoding="utf-8")
    own = re.search(r"Address=([\d.]+)\.1/24", network)
    offset = re.search(r"PoolOffset=(\d+)\nPoolSize=1\n", network)
    assert own is not None
    assert offset is not None
    assert loaded.config.osc.client_ip == f"{own[1]}.{offset[1]}"


def test_the_root_is_only_read_and_what_is_kept_is_on_the_data_partition():
    lines = [line.split() for line in (CARD / "etc/fstab").read_text().splitlines() if not line.startswith("#")]
    mounts = {where: (what, kind, options.split(",")) for what, where, kind, options, *_ in lines}
    assert "ro" in mounts["/"][2]
    assert "ro" in mounts["/boot/firmware"][2]
    assert mounts["/var/lib/impsy"][0].startswith("/data/")
    assert mounts["/data"][1] == "ext4"
    assert all(mounts[place][1] == "tmpfs" for place in ("/tmp", "/var/tmp", "/var/log", "/var/cache"))


@pytest.mark.peer("qrencode")
def test_the_code_is_drawn():
    code = screen.drawn("http://192.168.1.7:4000/?token=abcd-efgh-jkmn-pqrs")
    assert len(code.splitlines()) < 24, "it fits a screen of 80 columns and 30 lines"
    assert len(code.splitlines()[0]) < 60


def test_the_token_is_made_once_long_and_only_for_its_owner(tmp_path):
    words = set()
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        for _start in range(2):
            page_token.main(folder, tmp_path)
            words.add(screen.token((folder / "webui.env").read_text()))
        assert (folder / "webui.env").stat().st_mode & 0o777 == 0o600
    assert len(words) == 2
    assert all(re.fullmatch(r"[0-9a-z]{4}(-[0-9a-z]{4}){3}", word) for word in words)


def test_without_a_screen_the_token_comes_from_the_boot_partition(tmp_path, monkeypatch):
    monkeypatch.setattr(page_token, "MISTAKE", tmp_path / "run" / "mistake")
    page_token.main(tmp_path, tmp_path)
    made = (tmp_path / "webui.env").read_text()
    (tmp_path / "token.txt").write_bytes(b"too short\r\n")
    page_token.main(tmp_path, tmp_path)
    assert (tmp_path / "webui.env").read_text() == made
    assert "12 to 64" in page_token.MISTAKE.read_text()
    (tmp_path / "token.txt").write_bytes(b"\xef\xbb\xbfmy-own-token-1\r\n")
    page_token.main(tmp_path, tmp_path)
    assert (tmp_path / "webui.env").read_text() == "IMPSY_TOKEN=my-own-token-1\n"


@given(st.binary(max_size=100))
def test_whatever_token_txt_is_the_page_accepts_the_token(tmp_path_factory, data):
    file = tmp_path_factory.mktemp("boot") / "token.txt"
    file.write_bytes(data)
    try:
        word = page_token.chosen(file)
    except ValueError:
        return
    assert rules_for("0.0.0.0", (), {"IMPSY_TOKEN": word}).token == word
