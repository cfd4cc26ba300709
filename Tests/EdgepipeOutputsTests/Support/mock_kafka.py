"""A cluster of Kafka on this machine: librdkafka's mock, which other programs reach by TCP. Lives until standard input ends.

Prints `ready HOST:PORT,...`, then takes one order a line and says `done`:
  down                every broker refuses connections
  up                  every broker is there again
  errors CODE COUNT   so many Produce requests fail with this error
"""

import ctypes
import sys

BROKERS = 2
PRODUCE = 0

library = ctypes.CDLL("librdkafka.so.1")
pointer = ctypes.c_void_p
library.rd_kafka_conf_new.restype = pointer
library.rd_kafka_new.restype = pointer
library.rd_kafka_new.argtypes = [ctypes.c_int, pointer, ctypes.c_char_p, ctypes.c_size_t]
library.rd_kafka_mock_cluster_new.restype = pointer
library.rd_kafka_mock_cluster_new.argtypes = [pointer, ctypes.c_int]
library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
library.rd_kafka_mock_cluster_bootstraps.argtypes = [pointer]
library.rd_kafka_mock_cluster_destroy.argtypes = [pointer]
for name in ("set_down", "set_up"):
    getattr(library, f"rd_kafka_mock_broker_{name}").argtypes = [pointer, ctypes.c_int32]
push_errors = library.rd_kafka_mock_push_request_errors_array
push_errors.argtypes = [pointer, ctypes.c_int16, ctypes.c_size_t, ctypes.POINTER(ctypes.c_int)]

message = ctypes.create_string_buffer(512)
client = library.rd_kafka_new(0, library.rd_kafka_conf_new(), message, 512)
cluster = library.rd_kafka_mock_cluster_new(client, BROKERS)
print("ready", library.rd_kafka_mock_cluster_bootstraps(cluster).decode(), flush=True)

for line in sys.stdin:
    order, *values = line.split()
    if order in ("down", "up"):
        for broker in range(1, BROKERS + 1):
            getattr(library, f"rd_kafka_mock_broker_set_{order}")(cluster, broker)
    elif order == "errors":
        code, count = map(int, values)
        push_errors(cluster, PRODUCE, count, (ctypes.c_int * count)(*[code] * count))
    print("done", flush=True)

library.rd_kafka_mock_cluster_destroy(cluster)
