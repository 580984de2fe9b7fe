"""A page run without a browser, and what it shows."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def started(app: AppTest, **address: str) -> AppTest:
    """Run a page at an address; a name may end in ``_`` where it is a word of Python."""
    for name, value in address.items():
        app.query_params[name.removesuffix("_")] = value
    return well(app.run())


def well(app: AppTest) -> AppTest:
    """Return a page that has run without an exception."""
    assert not app.exception, app.exception
    return app


def press(app: AppTest, label: str) -> AppTest:
    """Press the first button with a label."""
    return well(next(b for b in app.button if b.label == label).click().run())


def shown(app: AppTest) -> str:
    """Return the HTML of a page."""
    return "\n".join(element.proto.body for element in app.get("html"))


def address(app: AppTest) -> dict[str, str]:
    """Return the parameters of its address that have a value."""
    read = ((n, v if isinstance(v, str) else v[0]) for n, v in app.query_params.items())
    return {name: value for name, value in read if value}
