"""What the rules of all sources share."""

import catalogue

NONE = catalogue.NONE
command = catalogue.command
UP = r"\b(up|increase|raise|hike|higher|boost|more|louder|elevate|amplify|crank|greater|bump)\b"
DOWN = r"\b(down|decrease|reduce|lower|drop|less|quieter|softer|diminish|dim)\b"
