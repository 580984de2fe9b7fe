"""Steps from one place of the Law page to another, as callbacks of its buttons."""

from __future__ import annotations

from datetime import date

import streamlit as st

from ui.law.address import Place, write_place
from ui.pages.date_control import remember_day, remembered_day


def go(place: Place, day: date | None = None) -> None:
    """Put a place into the URL, on a day or on the day that is read."""
    if day is not None:
        remember_day(day)
    st.query_params.from_dict(write_place(place, day or remembered_day()))
