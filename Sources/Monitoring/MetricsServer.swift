import Hummingbird
import Pipeline
