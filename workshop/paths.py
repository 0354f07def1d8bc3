"""Where things are in a checkout of the project."""

from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
NOTEBOOKS = REPOSITORY / "notebooks"
TERRAFORM = REPOSITORY / "terraform"
LAMBDAS = REPOSITORY / "lambdas"
DIST = REPOSITORY / "dist"
