"""The layouts of data sets that are recognised, one file a format; `data.detect` asks each of them."""
