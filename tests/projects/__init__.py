"""Whole Django projects, made for one test, with every command in a process of its own."""
