"""Rules from other data sets' labels to our output lines, one function per source.

A rule takes a record and returns the line, or `None` where it is not sure.
"""
