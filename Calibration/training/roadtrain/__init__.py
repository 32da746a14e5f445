"""Training of roadseg's networks: pictures and recipes in, a small float ONNX out."""
