"""What a run leaves for people and machines: a page, JUnit, notes for GitHub, and the merging of several."""
