"""Debian's Chromium, driven by Selenium: a browser without a window, and nothing of its own.

``with Browser(folder) as browser: browser.get(address); browser.find("#searchbar")``
"""

from __future__ import annotations

import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar

from selenium.webdriver import Chrome, ChromeOptions, Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

T = TypeVar("T", bound="Browser")

#: What keeps it from asking anything of anybody but the server under test.
FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-dev-shm-usage",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--lang=en-US",
)
SECONDS: Final = 30


class Chromium:
    """Whether there is one here, as `check_available` asks it of any engine."""

    name = "Chromium"

    def available(self) -> str | None:
        """None when it can be started; otherwise what is missing."""
        missing = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
        if missing:
            lacking = " and no ".join(missing)
            return f"no {lacking} on PATH: apt-get install chromium chromium-driver"
        return None


class Browser:
    """One browser with a profile of its own in `folder`."""

    def __init__(self, folder: Path) -> None:
        options = ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*FLAGS, f"--user-data-dir={folder}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = Chrome(options, Service(shutil.which("chromedriver")))
        self.driver.set_page_load_timeout(SECONDS)
        self.resize(1280, 900)

    def __enter__(self: T) -> T:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.driver.quit()

    # The window.

    def resize(self, width: int, height: int) -> None:
        """Be a screen of that size, in CSS pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme: str) -> None:
        """Prefer the color scheme "light" or "dark"."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def photograph(self, file: Path) -> None:
        """Write the whole page as a PNG."""
        height = self.run("return document.documentElement.scrollHeight")
        width = self.run("return document.documentElement.clientWidth")
        shown = self.run("return window.innerHeight")
        self.resize(width, min(max(height, 200), 4000))
        self.driver.save_screenshot(str(file))
        self.resize(width, shown)

    # The page.

    def get(self, address: str) -> None:
        self.driver.get(address)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript and return its value."""
        return self.driver.execute_script(script, *arguments)

    @property
    def text(self) -> str:
        """What is to be seen of the page's text."""
        return self.find("body").text

    def find(self, selector: str) -> WebElement:
        """Return the first element that the CSS selector finds, as soon as there is one."""
        return WebDriverWait(self.driver, SECONDS).until(
            lambda driver: driver.find_element(By.CSS_SELECTOR, selector),
            f"nothing is {selector} at {self.driver.current_url}",
        )

    def all(self, selector: str) -> list[WebElement]:
        """Return every element that the CSS selector finds now."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def link(self, text: str) -> WebElement:
        """Return the link of that text."""
        return self.driver.find_element(By.LINK_TEXT, text)

    def fill(self, selector: str, text: str) -> None:
        """Replace what is typed in a field."""
        field = self.find(selector)
        field.clear()
        field.send_keys(text)

    def follow(self, element: WebElement) -> None:
        """Click what leads to another page, and wait for it."""
        before = self.find("html")
        element.click()
        self._wait_for_another_page(before)

    def press(self, *keys: str) -> None:
        """Press keys wherever the focus is."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def enter(self) -> None:
        """Press the enter key where that leads to another page, and wait for it."""
        before = self.find("html")
        self.press(Keys.ENTER)
        self._wait_for_another_page(before)

    def tab_to(self, selector: str, most: int = 60) -> None:
        """Press the tab key until the focus is on what the CSS selector finds."""
        for _press in range(most):
            if self.run("return document.activeElement.matches(arguments[0])", selector):
                return
            self.press(Keys.TAB)
        raise AssertionError(f"{most} tabs do not reach {selector}")

    def complaints(self) -> list[str]:
        """Return what the console has got to say since it was last asked."""
        log: list[dict[str, Any]] = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [entry["message"] for entry in log if entry["level"] in ("SEVERE", "WARNING")]

    def _wait_for_another_page(self, before: WebElement) -> None:
        def arrived(driver: Chrome) -> bool:
            try:
                before.is_enabled()
            except Exception:  # noqa: BLE001 # the old page is gone, whatever the driver calls that
                return bool(driver.execute_script("return document.readyState === 'complete'"))
            return False

        WebDriverWait(self.driver, SECONDS).until(arrived)
