#!/bin/sh
# Asks for something in words, as `carvoice ask` does, and prints what is understood and what the service is doing.
# Usage: ask.sh TEXT            (busctl of systemd; --system instead of --user in a car)
set -eu
name=org.carvoice.Assistant1
path=/org/carvoice/Assistant1

# Nothing is done by this: intent, slots and confidence of each command.
busctl --user call $name $path $name Parse s "$1"
# A turn like a spoken one, without options (an empty dictionary). Prints its number.
busctl --user call $name $path $name Ask 'sa{sv}' "$1" 0
busctl --user get-property $name $path $name State
