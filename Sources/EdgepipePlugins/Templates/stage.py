"""PLUGIN_NAME: reports when the picture becomes dark. Replace it by what you need."""


class Stage:
    type = "example.PLUGIN_NAME"

    def __init__(self, config, context):
        self.was_dark = False
        self.configure(config)

    def configure(self, config):
        self.limit = config["limit"]

    def process(self, frame):
        if frame.picture is None:
            return
        # The first plane of the formats in plugin.json is brightness: a NumPy array over the picture's memory.
        brightness = float(frame.picture.planes[0].mean()) / 255
        is_dark = brightness < self.limit
        if is_dark and not self.was_dark:
            frame.add_event("PLUGIN_NAME.dark", fields={"brightness": round(brightness, 3)})
        self.was_dark = is_dark
