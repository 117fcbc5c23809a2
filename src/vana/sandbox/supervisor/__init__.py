"""The program that stands between VANA and a jail: it starts every run, watches it, ends it and reports.

It is a process of its own, small and with one thread, so that forking is cheap and safe, and it stays outside
the jail, where the program under it cannot reach it. It imports the standard library alone, and nothing of
`vana` outside this folder: it must start in milliseconds, and become a user who may not read our files.
"""
