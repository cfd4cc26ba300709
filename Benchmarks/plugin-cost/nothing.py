"""A plugin that does nothing."""


class Nothing:
    type = "bench.nothing"

    def __init__(self, config, context):
        pass

    def process(self, frame):
        pass
