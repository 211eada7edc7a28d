"""Everything but chat, as the real SDK reads it."""

from __future__ import annotations

import base64
import json
import math
import struct

import openai
import pytest

from gatelog.model import OperationKind
from gatelog.provider import Tokenizers
from gatelog.simulator import REFUSE
from gatelog.simulator.form import form_fields


def test_embeddings_are_unit_vectors_whatever_their_encoding(client):
    azure = client()
    request = {"model": "text-embedding-3-small", "input": ["one", "two"]}
    coded = azure.embeddings.create(**request)  # the SDK asks for base64
    plain = azure.embeddings.create(**request, encoding_format="float")
    assert [item.embedding for item in coded.data] == [item.embedding for item in plain.data]
    assert [len(item.embedding) for item in coded.data] == [1536, 1536]
    assert math.hypot(*coded.data[0].embedding) == pytest.approx(1, abs=1e-6)
    assert coded.data[0].embedding != coded.data[1].embedding
    counted = Tokenizers().count_prompt(OperationKind.EMBEDDINGS, request["model"], request)
    assert (coded.usage.prompt_tokens, True) == counted


def test_base64_vectors_are_little_endian_floats_of_the_asked_dimensions(client):
    found = client().embeddings.create(
        model="text-embedding-3-large", input="one", dimensions=8, encoding_format="base64"
    )
    raw = base64.b64decode(found.data[0].embedding)
    assert math.hypot(*struct.unpack("<8f", raw)) == pytest.approx(1, abs=1e-6)


def test_too_many_or_no_inputs_are_refused(client):
    azure = client()
    for wrong in ([], ["x"] * 2049):
        with pytest.raises(openai.BadRequestError, match="1 to 2048"):
            azure.embeddings.create(model="text-embedding-3-small", input=wrong)


def test_legacy_completions_echo_and_score_every_prompt(client):
    azure = client()
    request = {"model": "gpt-35-turbo-instruct", "prompt": ["One two", "Three"], "n": 2, "max_tokens": 9}
    request |= {"echo": True, "logprobs": 2}
    whole = azure.completions.create(**request)
    assert [choice.text[:5] for choice in whole.choices] == ["One t", "One t", "Three", "Three"]
    assert whole.usage.completion_tokens == 4 * 9
    scored = whole.choices[0].logprobs
    assert len(scored.tokens) == len(scored.token_logprobs) == len(scored.text_offset)
    assert scored.text_offset[0] == 0
    chunks = list(azure.completions.create(**request, stream=True, stream_options={"include_usage": True}))
    for index in range(4):
        text = "".join(c.text for chunk in chunks for c in chunk.choices if c.index == index)
        assert text == whole.choices[index].text
    assert chunks[-1].usage == whole.usage


def test_a_prompt_of_tokens_is_echoed_as_its_text(client):
    tokens = Tokenizers.encoding("cl100k_base").encode_ordinary("naïve 東京")
    answer = client().completions.create(
        model="gpt-35-turbo-instruct", prompt=[*tokens, -1], echo=True, max_tokens=1
    )
    assert answer.choices[0].text.startswith("naïve 東京")


def test_a_response_streams_to_the_same_object_that_is_answered_whole(stage):
    client = stage.openai(stage.simulate())
    whole = client.responses.create(model="gpt-4.1", input="hello", instructions="be brief")
    events = list(
        client.responses.create(model="gpt-4.1", input="hello", instructions="be brief", stream=True)
    )
    assert [event.sequence_number for event in events] == list(range(len(events)))
    final = events[-1].response
    assert (events[0].type, events[-1].type) == ("response.created", "response.completed")
    assert final.output_text == whole.output_text
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == whole.output_text
    assert final.usage == whole.usage
    assert whole.content_filters[0]["source_type"] == "prompt"


def test_responses_call_functions_reason_refuse_and_stop_short(stage):
    client = stage.openai(stage.simulate())
    tool = {"type": "function", "name": "add", "parameters": {"type": "object", "properties": {"a": {}}}}
    events = list(
        client.responses.create(
            model="o4-mini", input="1+1", tools=[tool], tool_choice="required", stream=True
        )
    )
    kinds = [item.type for item in events[-1].response.output]
    assert kinds == ["reasoning", "function_call"]
    pieces = [e.delta for e in events if e.type == "response.function_call_arguments.delta"]
    assert "".join(pieces) == events[-1].response.output[1].arguments
    refused = client.responses.create(model="gpt-4.1", input=REFUSE)
    assert refused.output[0].content[0].type == "refusal"
    short = client.responses.create(model="gpt-4.1", input="hi", max_output_tokens=3)
    assert (short.status, short.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert short.usage.output_tokens == 3


def test_a_stored_response_belongs_to_the_resource_that_made_it(stage):
    here = stage.openai(stage.simulate())
    there = stage.openai(stage.simulate())
    made = here.responses.create(model="gpt-4.1", input="hello", background=True)
    assert (made.status, made.output) == ("queued", [])
    assert here.responses.retrieve(made.id).status == "completed"
    here.responses.create(model="gpt-4.1", input="and?", previous_response_id=made.id)
    with pytest.raises(openai.NotFoundError):
        there.responses.retrieve(made.id)
    with pytest.raises(openai.BadRequestError) as caught:
        there.responses.create(model="gpt-4.1", input="and?", previous_response_id=made.id)
    assert caught.value.code == "previous_response_not_found"
    here.responses.delete(made.id)
    with pytest.raises(openai.NotFoundError):
        here.responses.retrieve(made.id)


def test_files_batches_and_jobs_are_kept_by_their_ids(stage):
    client = stage.openai(stage.simulate())
    uploaded = client.files.create(file=("calls.jsonl", b"{}\n"), purpose="batch")
    assert (uploaded.filename, uploaded.bytes, uploaded.purpose) == ("calls.jsonl", 3, "batch")
    assert client.files.retrieve(uploaded.id) == uploaded
    batch = client.batches.create(
        input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    assert [found.id for found in client.batches.list()] == [batch.id]
    job = client.fine_tuning.jobs.create(model="gpt-4o", training_file=uploaded.id)
    assert client.fine_tuning.jobs.retrieve(job.id).id == job.id


def test_audio_and_images_have_their_shapes(client):
    azure = client()
    sound = ("a.wav", b"RIFF" * 100)
    heard = azure.audio.transcriptions.create(model="whisper", file=sound)
    assert heard.text
    assert azure.audio.transcriptions.create(model="whisper", file=sound, response_format="text").strip()
    assert len(azure.audio.speech.create(model="tts", voice="alloy", input="hi").read()) == 4096
    drawn = azure.images.generate(model="gpt-image-1", prompt="a dot", n=2)
    assert base64.b64decode(drawn.data[1].b64_json).startswith(b"\x89PNG")
    assert drawn.usage.total_tokens == 16 + 2 * 272


def test_images_are_edited_by_a_form_on_both_path_families(stage):
    thread = stage.simulate()
    for client in (stage.openai(thread), stage.azure(thread)):
        pictures = [("a.png", b"PNG" * 50), ("b.png", b"PNG")]
        edited = client.images.edit(model="gpt-image-1", prompt="blue", image=pictures, n=2)
        assert [base64.b64decode(image.b64_json)[:4] for image in edited.data] == [b"\x89PNG"] * 2


def test_the_header_lines_of_a_part_may_come_in_any_order():
    body = (
        b"--x\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"
        b'Content-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--x--\r\n'
    )
    assert form_fields(body) == {"purpose": "batch"}


def test_models_are_listed_on_both_path_families(stage):
    thread = stage.simulate(deployments={"chat": "gpt-4o"})
    assert [model.id for model in stage.openai(thread).models.list()] == ["gpt-4o"]
    assert [model.id for model in stage.azure(thread).models.list()] == ["gpt-4o"]


def test_an_operation_without_a_simulation_echoes_what_arrived(stage):
    client = stage.openai(stage.simulate())
    answer = client.post("/moderations", cast_to=object, body={"input": "hm"})
    assert answer == {"object": "echo", "operation": "POST moderations", "received_bytes": 14}


def test_the_simulator_shows_what_it_received(stage):
    thread = stage.simulate()
    stage.azure(thread).embeddings.create(model="text-embedding-3-small", input="hi")
    seen = thread.requests[-1]
    assert seen.method == "POST"
    assert seen.target == "/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21"
    assert seen.header("API-KEY") == "a key"
    assert seen.header("absent") is None
    assert json.loads(seen.body)["input"] == "hi"


def test_the_model_inference_api_has_a_path_of_its_own(stage):
    client = stage.openai(stage.simulate(), "/models/")
    asked = {"model": "text-embedding-3-small", "input": "one"}
    version = {"api-version": "2024-05-01-preview"}
    assert client.embeddings.create(**asked, extra_query=version).data[0].embedding
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(**asked)
