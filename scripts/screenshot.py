"""Takes the pictures of the leaderboard that the README shows: `scripts/screenshot.py [URL]`.

Where nothing answers at the address, a demonstration ladder is started for the time of the pictures.
"""

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import ViewportSize, sync_playwright

ROOT: Final = Path(__file__).parent.parent
IMAGES: Final = ROOT / "docs" / "images"
ADDRESS_DEFAULT: Final = "http://127.0.0.1:8000/leaderboard"
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS: Final = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run")
START_TIMEOUT_SECONDS: Final = 180
STOP_TIMEOUT_SECONDS: Final = 20
PICTURES: Final[dict[str, ViewportSize]] = {
    "leaderboard.png": {"width": 1280, "height": 920},
    "leaderboard-phone.png": {"width": 390, "height": 844},
}


def answers(address: str) -> bool:
    """Whether a healthy ladder is served there."""
    place = urlsplit(address)
    try:
        return httpx.get(f"{place.scheme}://{place.netloc}/healthz", timeout=2).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def demonstration() -> Iterator[str]:
    """The leaderboard's address on a demonstration ladder, which lives in a folder of its own and stops afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/leaderboard"
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "toprung", "demo", "--port", str(port)]
        process = subprocess.Popen([*command, "--database", f"sqlite:///{folder}/demo.db"])
        try:
            give_up_at = time.monotonic() + START_TIMEOUT_SECONDS
            while not answers(address):
                if process.poll() is not None or time.monotonic() > give_up_at:
                    sys.exit("screenshot: the demonstration did not start")
                time.sleep(0.3)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def take_pictures(address: str) -> None:
    """Writes the pictures."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        sys.exit("screenshot: no Chromium was found; install it first (Debian: apt-get install chromium)")
    IMAGES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))
        for name, viewport in PICTURES.items():
            context = browser.new_context(viewport=viewport, color_scheme="dark", locale="en-US", device_scale_factor=2)
            page = context.new_page()
            page.goto(address)
            page.wait_for_selector("#live[data-state=live]")
            page.evaluate("document.fonts.ready")
            page.screenshot(path=IMAGES / name, animations="disabled")
            print(f"wrote {(IMAGES / name).relative_to(ROOT)}")
            context.close()
        browser.close()


def main() -> None:
    """Takes the pictures from a running ladder, or from one that is started for them."""
    address = sys.argv[1] if len(sys.argv) > 1 else ADDRESS_DEFAULT
    if answers(address):
        take_pictures(address)
        return
    with demonstration() as started:
        take_pictures(started)


if __name__ == "__main__":
    main()
