import CFFmpeg
import Pipeline
