"""The same video in the ways of the all-in-one operator; what is killed is a run of these."""

import datetime

from airflow.sdk import dag

from nemovideo_nodes.airflow.identity import OnClear
from nemovideo_nodes.airflow.video import ImageToVideoOperator


def made(
    dag_id: str,
    *,
    deferrable: bool,
    on_clear: OnClear = "auto",
    deadline: datetime.timedelta | None = None,
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
            retry_delay=datetime.timedelta(seconds=1),
        )

    video()


made("deferred", deferrable=True)
made("deferred_for_a_minute", deferrable=True, deadline=datetime.timedelta(minutes=1))
made("deferred_anew", deferrable=True, on_clear="new")
made("deferred_resuming", deferrable=True)
made("held_by_a_worker", deferrable=False)


@dag(schedule=None, params={"conn": "nemovideo_default", "images": []})
def twenty() -> None:
    ImageToVideoOperator.partial(
        task_id="video",
        images="{{ params.images | tojson }}",
        nemovideo_conn_id="{{ params.conn }}",
    ).expand(prompt=[f'A 2 second video titled "{number}"' for number in range(20)])


twenty()
