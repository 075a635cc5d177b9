#!/usr/bin/env python3
"""A worker for: qctl consume -c 10 --stream ./worker.py"""
import base64, hashlib, json, sys

for line in sys.stdin:
    job = json.loads(line)
    answer = {"id": job["id"], "fence": job["fence"]}
    try:
        payload = job["payload"].encode() if "payload" in job else base64.b64decode(job["payload_base64"])
        answer.update(ok=True, result=hashlib.sha256(payload).hexdigest())
    except Exception as error:
        answer.update(error=repr(error), retry="10s")
    print(json.dumps(answer), flush=True)
