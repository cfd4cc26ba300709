"""A broker of MQTT (mosquitto) and a cluster of Kafka (librdkafka's mock) on 127.0.0.1, for tests of what comes to them.

usage: brokers.py FOLDER

Prints "ready PORT BROKER" once both take messages: mosquitto's port, and a broker of Kafka as HOST:PORT. When standard input
ends, every message of the topic 'pictures' is in FOLDER/mqtt.jsonl and every record in FOLDER/kafka.jsonl, one a
line, and everything ends.

needs (scripts/setup --tests): mosquitto mosquitto-clients kcat librdkafka1
"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading

FOLDER = pathlib.Path(sys.argv[1])
KAFKA = pathlib.Path(__file__).resolve().parents[2] / "EdgepipeOutputsTests/Support/mock_kafka.py"
# The parent process may have blocked the signals that end it.
signal.pthread_sigmask(signal.SIG_SETMASK, [])
# A test that waits for it learns that it will not end.
signal.alarm(900)

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
settings = FOLDER / "mosquitto.conf"
settings.write_text(
    ("user root\n" if os.getuid() == 0 else "")
    + f"allow_anonymous true\nmax_queued_messages 100000\nlistener {port} 127.0.0.1\n", encoding="utf-8")
broker = subprocess.Popen(["/usr/sbin/mosquitto", "-c", settings], stderr=subprocess.PIPE, text=True)
for line in broker.stderr:
    if " running" in line:
        break
# What it says further on must not fill the pipe.
threading.Thread(target=broker.stderr.read, daemon=True).start()
place = ["-h", "127.0.0.1", "-p", str(port)]
subscriber = ["/usr/bin/mosquitto_sub", *place, "-i", "reader", "-c", "-q", "1", "-t", "pictures", "-t", "end"]
# From now on the broker keeps what comes.
subprocess.run(subscriber + ["-E"], check=True)
kafka = subprocess.Popen([sys.executable, KAFKA], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
kafka_broker = kafka.stdout.readline().split()[1].split(",")[0]
print("ready", port, kafka_broker, flush=True)
sys.stdin.read()

subprocess.run(["/usr/bin/mosquitto_pub", *place, "-q", "1", "-t", "end", "-m", "end"], check=True)
reader = subprocess.Popen(subscriber + ["-F", "%p"], stdout=subprocess.PIPE, text=True)
with open(FOLDER / "mqtt.jsonl", "w", encoding="utf-8") as file:
    for line in reader.stdout:
        if line == "end\n":
            break
        file.write(line)
records = subprocess.run(
    ["/usr/bin/kcat", "-C", "-b", kafka_broker, "-t", "pictures", "-e", "-q", "-f", "%s\\n"], capture_output=True, text=True,
    check=True).stdout
(FOLDER / "kafka.jsonl").write_text(records, encoding="utf-8")
kafka.stdin.close()
for process in (reader, broker):
    process.terminate()
    process.wait()
kafka.wait()
