"""One module for each kind of program: `drive` uses a program as its own package does, holds what comes out
against an oracle where Python has one, and gives a transcript that is the same on every engine."""
