"""The same video in the ways of the all-in-one operator; what is killed is a run of these."""

import datetime

from airflow.sdk import dag, task

from nemovideo_nodes.airflow.identity import OnClear
from nemovideo_nodes.airflow.video import ImageToVideoOperator


def made(
    dag_id: str,
    *,
    deferrable: bool,
    on_clear: OnClear = "auto",
    deadline: datetime.timedelta | None = None,
    defer_messages: bool = False,
) -> None:
    @dag(
        dag_id=dag_id,
        schedule=None,
        params={"conn": "nemovideo_default", "images": [], "prompt": "A 2 second video"},
    )
    def video() -> None:
        ImageToVideoOperator(
            task_id="video",
            images="{{ params.images | tojson }}",
            prompt="{{ params.prompt }}",
            nemovideo_conn_id="{{ params.conn }}",
            deadline=deadline,
            deferrable=deferrable,
            on_clear=on_clear,
            defer_messages=defer_messages,
            retry_delay=datetime.timedelta(seconds=1),
        )

    video()


made("deferred", deferrable=True)
made("deferred_for_a_while", deferrable=True, deadline=datetime.timedelta(seconds=30))
made("deferred_anew", deferrable=True, on_clear="new")
made("deferred_resuming", deferrable=True)
made("deferred_with_messages", deferrable=True, defer_messages=True)
made("held_by_a_worker", deferrable=False)


@dag(schedule=None, params={"conn": "nemovideo_default", "images": []})
def eight() -> None:
    ImageToVideoOperator.partial(
        task_id="video",
        images="{{ params.images | tojson }}",
        nemovideo_conn_id="{{ params.conn }}",
    ).expand(prompt=[f'A 2 second video titled "{number}"' for number in range(8)])


eight()


def many(dag_id: str, *, defer_messages: bool) -> None:
    """As many videos as the form says; for tests/long."""

    @dag(
        dag_id=dag_id,
        schedule=None,
        params={"conn": "nemovideo_default", "images": [], "count": 2},
    )
    def videos() -> None:
        @task(retries=3, retry_delay=datetime.timedelta(seconds=1))
        def prompts(params: dict[str, int] | None = None) -> list[str]:
            count = (params or {})["count"]
            return [f'A 2 second video titled "{number}"' for number in range(count)]

        ImageToVideoOperator.partial(
            task_id="video",
            images="{{ params.images | tojson }}",
            nemovideo_conn_id="{{ params.conn }}",
            defer_messages=defer_messages,
        ).expand(prompt=prompts())

    videos()


many("many", defer_messages=False)
many("many_with_messages", defer_messages=True)
