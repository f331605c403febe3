"""The same video in the two ways of the all-in-one operator; what is killed is a run of these."""

import datetime

from airflow.sdk import dag

from nemovideo_nodes.airflow.video import ImageToVideoOperator


def made(dag_id: str, *, deferrable: bool) -> None:
    @dag(
        dag_id=dag_id,
        schedule=None,
        params={"conn": "nemovideo_default", "images": [], "deadline": "", "on_clear": "new"},
    )
    def video() -> None:
        ImageToVideoOperator(
            task_id="video",
            images="{{ params.images | tojson }}",
            prompt="A 2 second video",
            nemovideo_conn_id="{{ params.conn }}",
            deadline="{{ params.deadline }}",
            deferrable=deferrable,
            retry_delay=datetime.timedelta(seconds=1),
        )

    video()


made("deferred", deferrable=True)
made("held_by_a_worker", deferrable=False)
