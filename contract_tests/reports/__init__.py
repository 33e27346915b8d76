"""Reports of a run: JSON, HTML, JUnit and annotations for GitHub."""
