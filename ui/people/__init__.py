"""Who uses the app: sign-in, pages by role, and what is whose."""
