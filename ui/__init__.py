"""The Streamlit app: one thin file per page."""
