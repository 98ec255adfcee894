"""What computes a network: PyTorch or OpenVINO, behind one interface."""
