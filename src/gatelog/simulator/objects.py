"""What a resource keeps: stored responses, files, batches, threads … known to this resource alone."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from gatelog.simulator.answer import Answer, json_answer
from gatelog.simulator.ask import CREATED
from gatelog.simulator.errors import invalid
from gatelog.simulator.words import generator, identifier

OBJECTS_MAX = 10_000  # the oldest is forgotten then

# Collections whose members live on the resource that made them, and the prefix of their ids.
PREFIXES = {
    "responses": "resp_",
    "files": "file-",
    "uploads": "upload_",
    "batches": "batch_",
    "assistants": "asst_",
    "threads": "thread_",
    "vector_stores": "vs_",
    "containers": "cntr_",
    "evals": "eval_",
    "conversations": "conv_",
    "fine_tuning/jobs": "ftjob-",
    "messages": "msg_",
    "runs": "run_",
}


class Objects:
    """Objects by id. Ids depend on the resource's name, so that two resources never share one."""

    def __init__(self, name: str, seed: int) -> None:
        self._seeds = (name, seed)
        self._made = 0
        self._kept: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def new_id(self, prefix: str) -> str:
        """An id never given out before by this resource."""
        self._made += 1
        return identifier(generator(*self._seeds, self._made), prefix, 32)

    def keep(self, value: dict[str, Any]) -> None:
        """Remember an object under its `id`."""
        self._kept[value["id"]] = value
        if len(self._kept) > OBJECTS_MAX:
            self._kept.popitem(last=False)

    def get(self, object_id: str) -> dict[str, Any] | None:
        """The object with this id."""
        return self._kept.get(object_id)

    def answer(self, method: str, tail: str, request: dict[str, Any]) -> Answer | None:
        """What a collection or one of its members answers; None where `tail` is neither."""
        parts = tail.strip("/").split("/")
        for place in range(len(parts) - 1, -1, -1):
            collection = "/".join(parts[place : place + 2]) if parts[place] == "fine_tuning" else parts[place]
            if collection in PREFIXES:
                rest = parts[place + 1 + collection.count("/") :]
                return self._member(method, rest) if rest else self._collection(method, collection, request)
        return None

    def _collection(self, method: str, collection: str, request: dict[str, Any]) -> Answer:
        prefix = PREFIXES[collection]
        if method == "POST":
            kind = collection.rpartition("/")[2].removesuffix("es" if collection == "batches" else "s")
            value = {**request, "id": self.new_id(prefix), "object": kind, "created_at": CREATED}
            value.setdefault("status", "processed" if collection == "files" else "completed")
            self.keep(value)
            return json_answer(value)
        data = [value for value in self._kept.values() if value["id"].startswith(prefix)]
        return json_answer({"object": "list", "data": data, "has_more": False})

    def _member(self, method: str, rest: list[str]) -> Answer:
        found = self._kept.get(rest[0])
        if found is None:
            return invalid(f"No object with id '{rest[0]}' found.", param="id", code="not_found", status=404)
        if method == "DELETE":
            del self._kept[rest[0]]
            return json_answer({"id": rest[0], "object": f"{found['object']}.deleted", "deleted": True})
        return json_answer(found)
