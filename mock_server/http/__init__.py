"""What HTTP itself defines: framing, origins, authentication, and how replies are written."""
