"""How every page looks: light and dark, wide and narrow, under a strict policy.

``KVSTORE_PHOTOGRAPHS=photographs pytest tests/admin/test_looks.py`` keeps a picture of each page.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from admin.browser import Browser
from admin.furniture import pages

Photograph = Callable[[str], None]

WIDE, NARROW = (1280, 900), (375, 800)


@pytest.mark.parametrize("width", ["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_at_home(
    shop: Browser, live: str, photograph: Photograph, scheme: str, width: str
) -> None:
    """Nothing that the policy forbids, nothing wider than the screen, nothing hard to read."""
    shop.resize(*(WIDE if width == "wide" else NARROW))
    shop.prefer(scheme)
    for name, address in pages().items():
        shop.get(live + address)
        assert shop.complaints() == [], name
        photograph(f"{name}-{scheme}-{width}")
        overflow = shop.run("return document.scrollingElement.scrollWidth - window.innerWidth")
        assert overflow <= 0, name
        dim = shop.run(CONTRASTS, "#content [class*=kvstore]:not(.kvstore-hidden)")
        assert dim == [], name
        brightness = shop.run(BACKGROUND)
        assert (brightness < 60) if scheme == "dark" else (brightness > 200), name


#: The texts within what the selector finds whose contrast is less than WCAG's 4.5 to 1.
CONTRASTS = """
const channels = (color) => color.match(/[0-9.]+/g).map(Number);
const light = ([r, g, b]) => {
    const part = (c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
};
const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
        const found = channels(getComputedStyle(at).backgroundColor);
        if (found.length < 4 || found[3] > 0) return found;
    }
    return [255, 255, 255];
};
return [...document.querySelectorAll(arguments[0])]
    .filter((element) => element.offsetParent && element.innerText && element.innerText.trim())
    .map((element) => {
        const two = [channels(getComputedStyle(element).color), behind(element)].map(light);
        return [element.className, (Math.max(...two) + 0.05) / (Math.min(...two) + 0.05)];
    })
    .filter(([, contrast]) => contrast < 4.5);
"""

BACKGROUND = """
return Math.max(...getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number));
"""
