"""The networks: VGG backbones, the FCN heads of strides 32 to 2, and weights from elsewhere."""
