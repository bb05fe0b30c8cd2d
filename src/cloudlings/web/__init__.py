"""The course page: the map, each lab's tasks and account, the way back. A small ASGI application.

``door`` says who may come in, ``app`` which address shows what, ``reading`` gathers what a page shows,
``actions`` does what a form asks for, ``follow`` tells open pages that an account has changed. Pages are made
on the server and read well without JavaScript; nothing is asked of any other host.
"""
