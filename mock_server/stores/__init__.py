"""Where sandboxes are kept: in this process, or shared by several."""
