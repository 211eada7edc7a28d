"""The provider's operations: method, path below the family's prefix, OperationId.

Ids are API Management's, lower-cased, and one per operation whatever path family the client used. Where the
dated document (2025-03-01-preview) names an operation, its name is taken; operations that only the v1
documents know keep their v1 name. `createresponse` is the exception that Microsoft's own 2026 query lists.
`{}` stands for an id. Source: the OpenAPI documents of Azure OpenAI (inference 2024-10-21,
2025-03-01-preview, Foundry v1) and OpenAI.
"""

from __future__ import annotations

from gatelog.model import OperationKind

KIND_BY_OPERATION: dict[str, OperationKind] = {
    "chatcompletions_create": OperationKind.CHAT,
    "completions_create": OperationKind.COMPLETIONS,
    "embeddings_create": OperationKind.EMBEDDINGS,
}

_MODEL_CALLS = """
POST   chat/completions         chatcompletions_create
POST   completions              completions_create
POST   embeddings               embeddings_create
POST   audio/transcriptions     transcriptions_create
POST   audio/translations       translations_create
POST   audio/speech             speech_create
POST   images/generations       imagegenerations_create
POST   images/edits             createimageedit
POST   images/variations        createimagevariation
POST   moderations              createmoderation
"""

_STORED_CHAT = """
GET    chat/completions              listchatcompletions
GET    chat/completions/{}           getchatcompletion
POST   chat/completions/{}           updatechatcompletion
DELETE chat/completions/{}           deletechatcompletion
GET    chat/completions/{}/messages  getchatcompletionmessages
"""

_RESPONSES = """
POST   responses                 createresponse
GET    responses/{}              get_response
DELETE responses/{}              delete_response
GET    responses/{}/input_items  get_input_items
"""

_ASSISTANTS = """
GET    assistants                               list_assistants
POST   assistants                               create_assistant
GET    assistants/{}                            get_assistant
POST   assistants/{}                            modify_assistant
DELETE assistants/{}                            delete_assistant
POST   threads                                  create_thread
GET    threads/{}                               get_thread
POST   threads/{}                               modify_thread
DELETE threads/{}                               delete_thread
GET    threads/{}/messages                      list_messages
POST   threads/{}/messages                      create_message
GET    threads/{}/messages/{}                   get_message
POST   threads/{}/messages/{}                   modify_message
POST   threads/runs                             create_thread_and_run
GET    threads/{}/runs                          list_runs
POST   threads/{}/runs                          create_run
GET    threads/{}/runs/{}                       get_run
POST   threads/{}/runs/{}                       modify_run
POST   threads/{}/runs/{}/submit_tool_outputs   submit_tool_outputs_to_run
POST   threads/{}/runs/{}/cancel                cancel_run
GET    threads/{}/runs/{}/steps                 list_run_steps
GET    threads/{}/runs/{}/steps/{}              get_run_step
"""

_VECTOR_STORES = """
GET    vector_stores                             list_vector_stores
POST   vector_stores                             create_vector_store
GET    vector_stores/{}                          get_vector_store
POST   vector_stores/{}                          modify_vector_store
DELETE vector_stores/{}                          delete_vector_store
GET    vector_stores/{}/files                    list_vector_store_files
POST   vector_stores/{}/files                    create_vector_store_file
GET    vector_stores/{}/files/{}                 get_vector_store_file
DELETE vector_stores/{}/files/{}                 delete_vector_store_file
POST   vector_stores/{}/files/{}                 update_vector_store_file_attributes
GET    vector_stores/{}/files/{}/content         retrieve_vector_store_file_content
POST   vector_stores/{}/search                   search_vector_store
POST   vector_stores/{}/file_batches             create_vector_store_file_batch
GET    vector_stores/{}/file_batches/{}          get_vector_store_file_batch
POST   vector_stores/{}/file_batches/{}/cancel   cancel_vector_store_file_batch
GET    vector_stores/{}/file_batches/{}/files    list_vector_store_file_batch_files
"""

_FILES = """
POST   files                               createfile
GET    files                               listfiles
GET    files/{}                            retrievefile
DELETE files/{}                            deletefile
GET    files/{}/content                    downloadfile
POST   uploads                             createupload
POST   uploads/{}/cancel                   cancelupload
POST   uploads/{}/complete                 completeupload
POST   uploads/{}/parts                    adduploadpart
GET    containers                          listcontainers
POST   containers                          createcontainer
GET    containers/{}                       retrievecontainer
DELETE containers/{}                       deletecontainer
POST   containers/{}/files                 createcontainerfile
GET    containers/{}/files                 listcontainerfiles
GET    containers/{}/files/{}              retrievecontainerfile
DELETE containers/{}/files/{}              deletecontainerfile
GET    containers/{}/files/{}/content      retrievecontainerfilecontent
POST   batches                             createbatch
GET    batches                             listbatches
GET    batches/{}                          retrievebatch
POST   batches/{}/cancel                   cancelbatch
"""

_EVALS = """
GET    evals                               listevals
POST   evals                               createeval
GET    evals/{}                            geteval
POST   evals/{}                            updateeval
DELETE evals/{}                            deleteeval
GET    evals/{}/runs                       getevalruns
POST   evals/{}/runs                       createevalrun
GET    evals/{}/runs/{}                    getevalrun
POST   evals/{}/runs/{}                    cancelevalrun
DELETE evals/{}/runs/{}                    deleteevalrun
GET    evals/{}/runs/{}/output_items       getevalrunoutputitems
GET    evals/{}/runs/{}/output_items/{}    getevalrunoutputitem
"""

_FINE_TUNING = """
POST   fine_tuning/alpha/graders/run                   rungrader
POST   fine_tuning/alpha/graders/validate              validategrader
POST   fine_tuning/jobs                                createfinetuningjob
GET    fine_tuning/jobs                                listpaginatedfinetuningjobs
GET    fine_tuning/jobs/{}                             retrievefinetuningjob
POST   fine_tuning/jobs/{}/cancel                      cancelfinetuningjob
GET    fine_tuning/jobs/{}/checkpoints                 listfinetuningjobcheckpoints
POST   fine_tuning/jobs/{}/checkpoints/{}/copy         finetuning_copycheckpoint
GET    fine_tuning/jobs/{}/checkpoints/{}/copy         finetuning_getcheckpoint
GET    fine_tuning/jobs/{}/events                      listfinetuningevents
POST   fine_tuning/jobs/{}/pause                       pausefinetuningjob
POST   fine_tuning/jobs/{}/resume                      resumefinetuningjob
GET    fine_tuning/checkpoints/{}/permissions          listfinetuningcheckpointpermissions
POST   fine_tuning/checkpoints/{}/permissions          createfinetuningcheckpointpermission
DELETE fine_tuning/checkpoints/{}/permissions/{}       deletefinetuningcheckpointpermission
"""

_MODELS_AND_REALTIME = """
GET    models                              listmodels
GET    models/{}                           retrievemodel
DELETE models/{}                           deletemodel
POST   realtime/sessions                   create-realtime-session
POST   realtime/transcription_sessions     create-realtime-transcription-session
"""

# Words of newer paths that the documents above do not hold, and `query`: the operation that Microsoft's
# logging sample makes by hand (`post-query`). They stay readable in generated ids.
_NEWER = """
query
realtime calls client_secrets accept hangup refer reject conversations items cancel compact input_tokens
live sessions attach deployments dashboard webhook_endpoints skills videos usage costs info
"""
NEWER_WORDS: frozenset[str] = frozenset(_NEWER.split())


def _rows(table: str) -> list[tuple[str, str, str]]:
    rows = [line.split() for line in table.splitlines() if line]
    return [(method, template, operation_id) for method, template, operation_id in rows]


OPERATIONS: tuple[tuple[str, str, str], ...] = tuple(
    row
    for table in (
        _MODEL_CALLS,
        _STORED_CHAT,
        _RESPONSES,
        _ASSISTANTS,
        _VECTOR_STORES,
        _FILES,
        _EVALS,
        _FINE_TUNING,
        _MODELS_AND_REALTIME,
    )
    for row in _rows(table)
)
