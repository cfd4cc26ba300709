"""Finds what moves, by how the picture differs from what it usually shows (OpenCV's MOG2)."""
import cv2


class Motion:
    type = "motion.mog2"

    def __init__(self, config, context):
        self.least = config["leastArea"]
        self.history = config["history"]
        self.models = {}
        self.breaks = {}

    def process(self, frame):
        # A stream that was interrupted may show something else now.
        if self.breaks.get(frame.stream) != frame.discontinuity:
            self.breaks[frame.stream] = frame.discontinuity
            self.models[frame.stream] = cv2.createBackgroundSubtractorMOG2(self.history, detectShadows=True)
        mask = self.models[frame.stream].apply(frame.picture.gray())
        # 127 is a shadow.
        _, mask = cv2.threshold(mask, 200, 255, cv2.THRESH_BINARY)
        mask = cv2.dilate(cv2.medianBlur(mask, 5), None, iterations=2)
        frame.begin_results()
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            area = cv2.contourArea(contour)
            if area >= self.least:
                x, y, width, height = cv2.boundingRect(contour)
                frame.add_detection("motion", min(1.0, area / (width * height)), (x, y, width, height))
