"""Which operation a request line asks for."""

from __future__ import annotations

import re

import pytest

from gatelog.model import OperationKind, PathFamily
from gatelog.provider import OPERATIONS, resolve
from gatelog.provider.registry import (
    GENERATED_SEGMENTS_MAX,
    REMEMBERED_TARGET_LENGTH_MAX,
    _resolve_remembered,
)

# The document's own spelling (2025-03-01-preview and v1), for every operation named by it or by the seeds.
DOCUMENTED = """
POST /deployments/gpt/completions Completions_Create
POST /deployments/gpt/embeddings Embeddings_Create
POST /deployments/gpt/chat/completions ChatCompletions_Create
POST /deployments/gpt/audio/transcriptions Transcriptions_Create
POST /deployments/gpt/audio/translations Translations_Create
POST /deployments/gpt/audio/speech Speech_Create
POST /deployments/gpt/images/generations ImageGenerations_Create
GET /assistants List_Assistants
POST /assistants Create_Assistant
GET /assistants/asst_1 Get_Assistant
POST /assistants/asst_1 Modify_Assistant
DELETE /assistants/asst_1 Delete_Assistant
POST /threads Create_Thread
GET /threads/t1 Get_Thread
POST /threads/t1 Modify_Thread
DELETE /threads/t1 Delete_Thread
GET /threads/t1/messages List_Messages
POST /threads/t1/messages Create_Message
GET /threads/t1/messages/m1 Get_Message
POST /threads/t1/messages/m1 Modify_Message
POST /threads/runs Create_Thread_And_Run
GET /threads/t1/runs List_Runs
POST /threads/t1/runs Create_Run
GET /threads/t1/runs/r1 Get_Run
POST /threads/t1/runs/r1 Modify_Run
POST /threads/t1/runs/r1/submit_tool_outputs Submit_Tool_Outputs_To_Run
POST /threads/t1/runs/r1/cancel Cancel_Run
GET /threads/t1/runs/r1/steps List_Run_Steps
GET /threads/t1/runs/r1/steps/s1 Get_Run_Step
GET /vector_stores List_Vector_Stores
POST /vector_stores Create_Vector_Store
GET /vector_stores/v1 Get_Vector_Store
POST /vector_stores/v1 Modify_Vector_Store
DELETE /vector_stores/v1 Delete_Vector_Store
GET /vector_stores/v1/files List_Vector_Store_Files
POST /vector_stores/v1/files Create_Vector_Store_File
GET /vector_stores/v1/files/f1 Get_Vector_Store_File
DELETE /vector_stores/v1/files/f1 Delete_Vector_Store_File
POST /vector_stores/v1/files/f1 Update_Vector_Store_File_Attributes
GET /vector_stores/v1/files/f1/content Retrieve_Vector_Store_File_Content
POST /vector_stores/v1/search Search_Vector_Store
POST /vector_stores/v1/file_batches Create_Vector_Store_File_Batch
GET /vector_stores/v1/file_batches/b1 Get_Vector_Store_File_Batch
POST /vector_stores/v1/file_batches/b1/cancel Cancel_Vector_Store_File_Batch
GET /vector_stores/v1/file_batches/b1/files List_Vector_Store_File_Batch_Files
POST /responses createResponse
GET /responses/resp_1 Get_Response
DELETE /responses/resp_1 Delete_Response
GET /responses/resp_1/input_items Get_Input_Items
"""

V1_ONLY = """
GET /containers ListContainers
POST /containers CreateContainer
GET /containers/c1 RetrieveContainer
DELETE /containers/c1 DeleteContainer
POST /containers/c1/files CreateContainerFile
GET /containers/c1/files ListContainerFiles
GET /containers/c1/files/f1 RetrieveContainerFile
DELETE /containers/c1/files/f1 DeleteContainerFile
GET /containers/c1/files/f1/content RetrieveContainerFileContent
GET /evals listEvals
POST /evals createEval
GET /evals/e1 getEval
POST /evals/e1 updateEval
DELETE /evals/e1 deleteEval
GET /evals/e1/runs getEvalRuns
POST /evals/e1/runs createEvalRun
GET /evals/e1/runs/r1 getEvalRun
POST /evals/e1/runs/r1 cancelEvalRun
DELETE /evals/e1/runs/r1 deleteEvalRun
GET /evals/e1/runs/r1/output_items getEvalRunOutputItems
GET /evals/e1/runs/r1/output_items/o1 getEvalRunOutputItem
POST /files createFile
GET /files listFiles
GET /files/f1 retrieveFile
DELETE /files/f1 deleteFile
GET /files/f1/content downloadFile
POST /fine_tuning/alpha/graders/run runGrader
POST /fine_tuning/alpha/graders/validate validateGrader
POST /fine_tuning/jobs createFineTuningJob
GET /fine_tuning/jobs listPaginatedFineTuningJobs
GET /fine_tuning/jobs/j1 retrieveFineTuningJob
POST /fine_tuning/jobs/j1/cancel cancelFineTuningJob
GET /fine_tuning/jobs/j1/checkpoints listFineTuningJobCheckpoints
POST /fine_tuning/jobs/j1/checkpoints/c1/copy FineTuning_CopyCheckpoint
GET /fine_tuning/jobs/j1/checkpoints/c1/copy FineTuning_GetCheckpoint
GET /fine_tuning/jobs/j1/events listFineTuningEvents
POST /fine_tuning/jobs/j1/pause pauseFineTuningJob
POST /fine_tuning/jobs/j1/resume resumeFineTuningJob
GET /models listModels
GET /models/gpt-4o retrieveModel
POST /batches createBatch
GET /batches listBatches
GET /batches/b1 retrieveBatch
POST /batches/b1/cancel cancelBatch
GET /chat/completions listChatCompletions
GET /chat/completions/c1 getChatCompletion
POST /chat/completions/c1 updateChatCompletion
DELETE /chat/completions/c1 deleteChatCompletion
GET /chat/completions/c1/messages getChatCompletionMessages
GET /fine_tuning/checkpoints/c1/permissions listFineTuningCheckpointPermissions
POST /fine_tuning/checkpoints/c1/permissions createFineTuningCheckpointPermission
DELETE /fine_tuning/checkpoints/c1/permissions/p1 deleteFineTuningCheckpointPermission
POST /images/edits createImageEdit
POST /images/variations createImageVariation
DELETE /models/m1 deleteModel
POST /moderations createModeration
POST /realtime/sessions create-realtime-session
POST /realtime/transcription_sessions create-realtime-transcription-session
POST /uploads createUpload
POST /uploads/u1/cancel cancelUpload
POST /uploads/u1/complete completeUpload
POST /uploads/u1/parts addUploadPart
"""


def rows(table: str) -> list[tuple[str, str, str]]:
    return [tuple(line.split()) for line in table.strip().splitlines()]  # type: ignore[misc]


@pytest.mark.parametrize(("method", "path", "name"), rows(DOCUMENTED) + rows(V1_ONLY))
def test_every_documented_operation_has_its_documents_id_in_lower_case(
    method: str, path: str, name: str
) -> None:
    operation = resolve(method, f"/openai{path}", "api-version=2025-03-01-preview")
    assert operation is not None
    assert operation.id == name.lower()


@pytest.mark.parametrize(("method", "path", "name"), rows(DOCUMENTED) + rows(V1_ONLY))
def test_an_operation_has_one_id_in_all_path_families(method: str, path: str, name: str) -> None:
    tail = path.removeprefix("/deployments/gpt")
    for prefix in ("/openai/v1", "/v1"):
        operation = resolve(method, prefix + tail, "")
        assert operation is not None
        assert (operation.id, operation.tail) == (name.lower(), tail[1:])


def test_the_tables_cover_every_operation_and_name_none_twice() -> None:
    named = {name.lower() for _, _, name in rows(DOCUMENTED) + rows(V1_ONLY)}
    assert named == {operation_id for _, _, operation_id in OPERATIONS}
    assert len(OPERATIONS) == len({(method, template) for method, template, _ in OPERATIONS})


@pytest.mark.parametrize(
    ("path", "family", "deployment", "tail"),
    [
        ("/openai/deployments/gpt-4o/chat/completions", PathFamily.DEPLOYMENT, "gpt-4o", "chat/completions"),
        ("/openai/deployments/my%20model/embeddings", PathFamily.DEPLOYMENT, "my model", "embeddings"),
        ("/openai/deployments/a%2Fb/completions", PathFamily.DEPLOYMENT, "a/b", "completions"),
        ("/openai/v1/chat/completions", PathFamily.OPENAI_V1, "", "chat/completions"),
        (
            "/openai/v1/deployments/gpt-4o/chat/completions",
            PathFamily.OPENAI_V1,
            "gpt-4o",
            "chat/completions",
        ),
        ("/v1/deployments/gpt-4o/chat/completions", PathFamily.V1, "gpt-4o", "chat/completions"),
        ("/openai/responses", PathFamily.RESOURCE, "", "responses"),
        ("/v1/embeddings", PathFamily.V1, "", "embeddings"),
        ("/models/chat/completions", PathFamily.MODELS, "", "chat/completions"),
        ("/models/deployments/a/embeddings", PathFamily.MODELS, "", "deployments/a/embeddings"),
        ("/OpenAI/Deployments/GPT-4o/Chat/Completions", PathFamily.DEPLOYMENT, "GPT-4o", "Chat/Completions"),
    ],
)
def test_the_family_the_deployment_and_the_tail_come_from_the_path(
    path: str, family: PathFamily, deployment: str, tail: str
) -> None:
    operation = resolve("POST", path, "api-version=2024-10-21")
    assert operation is not None
    assert (operation.family, operation.deployment, operation.tail) == (family, deployment, tail)
    assert operation.api_version == "2024-10-21"


@pytest.mark.parametrize(
    "path", ["chat/completions", "CHAT/completions", "ch%61t/completions", "chat/completions/"]
)
def test_no_spelling_of_a_path_escapes_its_kind(path: str) -> None:
    operation = resolve("POST", f"/v1/{path}", "")
    assert operation is not None
    assert operation.kind is OperationKind.CHAT


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/openai",
        "/openai/v1",
        "/openai/v1/",
        "/v1",
        "/models",
        "/v2/chat/completions",
        "/openaix/v1/models",
        "v1/models",
        "//v1/models",
        "/openai//deployments/a/chat/completions",
        "/openai/deployments/a/../b/chat/completions",
        "/openai/deployments/%2e%2E/chat/completions",
        "/openai/deployments/a%2F..%2Fb/chat/completions",
        "/openai/deployments/a%5c..%5cb/chat/completions",
        "/v1/models/a%00b",
        "/v1/models/a%0d%0ab",
    ],
)
def test_a_path_below_no_prefix_or_one_that_a_backend_could_read_otherwise_is_no_operation(path: str) -> None:
    assert resolve("GET", path, "") is None


@pytest.mark.parametrize(
    ("method", "path", "generated"),
    [
        ("POST", "/v1/responses/resp_1/cancel", "post-responses-id-cancel"),
        ("POST", "/models/images/embeddings", "post-images-embeddings"),
        ("GET", "/models/info", "get-info"),
        ("POST", "/openai/v1/realtime/client_secrets", "post-realtime-client_secrets"),
        ("GET", "/v1/secret-project-name", "get-id"),
        ("BREW", "/v1/models", "other-models"),
        ("PUT", "/openai/a/b/c/d/e/f/g/h", "put" + "-id" * GENERATED_SEGMENTS_MAX),
    ],
)
def test_an_unknown_operation_gets_a_bounded_id_without_the_callers_words(
    method: str, path: str, generated: str
) -> None:
    operation = resolve(method, path, "")
    assert operation is not None
    assert operation.id == generated
    assert operation.kind is OperationKind.OTHER
    assert re.fullmatch(r"[a-z_-]+", operation.id)


def test_the_api_version_is_decoded_and_bounded() -> None:
    operation = resolve("POST", "/openai/responses", "a=b&API-Version=2025%2D03-01" + "x" * 100)
    assert operation is not None
    assert operation.api_version == "2025-03-01" + "x" * 22


def test_long_request_lines_and_keys_are_not_remembered() -> None:
    _resolve_remembered.cache_clear()
    resolve("GET", "/v1/models/" + "m" * REMEMBERED_TARGET_LENGTH_MAX, "")
    resolve("GET", "/v1/models", "subscription-key=abc")
    resolve("POST", "/openai/v1/chat/completions", "api-%6bey=secret")
    assert _resolve_remembered.cache_info().currsize == 0
    resolve("GET", "/v1/models", "")
    assert _resolve_remembered.cache_info().currsize == 1
