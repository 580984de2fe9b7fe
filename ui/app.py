"""The app: one page per file, one look for all of them."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.pages import ask

st.set_page_config(page_title="InForce", page_icon=":material/balance:", layout="centered")
st.html(Path(__file__).with_name("style.css"))
st.navigation([st.Page(ask.page, title="Ask", default=True)], position="top").run()
