"""The hub of a scenario, as its operator sees it: the blazedb commands for its file, its log, its memory.

The test that runs a scenario starts the hub and describes it in the environment.
"""

import json
import os
import subprocess
import time
import urllib.request
import uuid

import connection


class Hub:
    def __init__(self):
        self.program, self.file = os.environ["BLAZEDB"], os.environ["HUB_FILE"]
        self.port, self.pin = int(os.environ["HUB_PORT"]), os.environ["HUB_PIN"]
        self.process, self.log_file = int(os.environ["HUB_PROCESS"]), os.environ["HUB_LOG"]
        self.health_port = int(os.environ["HUB_HEALTH_PORT"])
        self.folder = os.path.dirname(self.file)

    # ---- Commands

    def run(self, *words, token=None, check=True):
        environment = os.environ | ({"BLAZEDB_TOKEN": token} if token else {})
        result = subprocess.run([self.program, *words], env=environment, capture_output=True, text=True, check=False)
        assert not check or result.returncode == 0, f"blazedb {' '.join(words)}: {result.stderr}"
        return result

    def token(self, *options):
        return self.run("token", "create", self.file, *options).stdout.splitlines()[0]

    def insert(self, fields, collection="notes"):
        return uuid.UUID(self.run("insert", self.file, json.dumps(fields), "-c", collection).stdout.split()[0])

    def update(self, record, fields, collection="notes"):
        self.run("update", self.file, str(record), json.dumps(fields), "-c", collection)

    def increment(self, record, collection="notes", **increments):
        words = [word for field, by in increments.items() for word in ("--increment", f"{field}={by}")]
        self.run("update", self.file, str(record), *words, "-c", collection)

    def delete(self, record, collection="notes"):
        self.run("delete", self.file, str(record), "-c", collection)

    def get(self, record, collection="notes", file=None):
        """The fields of the record; None if there is no such record."""
        result = self.run("get", file or self.file, str(record), "-c", collection, "--json", check=False)
        return json.loads(result.stdout) if result.returncode == 0 else None

    def count(self, collection="notes", file=None):
        result = self.run("count", file or self.file, "-c", collection, check=False)
        assert result.returncode == 0 or "there is no collection" in result.stderr, result.stderr
        return int(result.stdout or 0)

    def records(self, file=None, collection="notes"):
        lines = self.run("export", file or self.file, "-c", collection).stdout.splitlines()
        return [json.loads(line) for line in lines]

    # ---- Honest clients

    def client(self, name):
        """Creates a new, empty database for a client."""
        file = os.path.join(self.folder, name + ".blazedb")
        self.run("create", file)
        return file

    def sync(self, file, token, *options, check=True):
        address = f"127.0.0.1:{self.port}/hub"
        words = ("sync", file, address, "--encryption", "smartProxy", "--pin", self.pin, *options)
        return self.run(*words, token=token, check=check)

    # ---- The process

    def forget_peak(self):
        """Resets the peak, which was that of Argon2id at the start. Returns the memory used now."""
        with open(f"/proc/{self.process}/clear_refs", "w", encoding="ascii") as file:
            file.write("5")
        return self.peak_memory()

    def peak_memory(self):
        """The peak of its memory, in MiB."""
        with open(f"/proc/{self.process}/status", encoding="ascii") as status:
            (line,) = (line for line in status if line.startswith("VmHWM:"))
        return int(line.split()[1]) >> 10

    def processor_seconds(self):
        """The processor time that all its threads have used so far."""
        with open(f"/proc/{self.process}/stat", encoding="ascii") as stat:
            words = stat.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def health(self):
        """The content of its health page."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}/healthz", timeout=connection.PATIENCE) as page:
            return json.loads(page.read())

    def log(self):
        with open(self.log_file, encoding="utf-8") as log:
            lines = log.read().split("\n")
        return [json.loads(line) for line in lines[:-1]]  # the last line may be incomplete

    def logged(self, event, reason):
        """Waits for lines of the log: the hub writes them once a second."""
        deadline = time.monotonic() + connection.PATIENCE
        while time.monotonic() < deadline:
            lines = [line for line in self.log() if line["event"] == event and reason in line.get("reason", "")]
            if lines:
                return lines
        raise AssertionError(f"the log never says {event}: {reason}")
