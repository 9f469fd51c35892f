"""`make real`: the whole way on a real pretrained model, Gemma 3 270M, without a model hub."""
