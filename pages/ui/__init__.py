"""What pages share: the frame, the pickers, the live views. The only helper package that imports streamlit."""
