"""What computes a network: PyTorch, OpenVINO or ONNX Runtime, behind one interface."""
