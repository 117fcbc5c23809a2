"""The languages that programs may be written in: one file each, with one `language`."""
