"""A task that waits until a file is there; what the tests' own tools are tried on."""

import datetime
import time
from pathlib import Path

from airflow.sdk import dag, task


@dag(schedule=None)
def held() -> None:
    @task(retries=1, retry_delay=datetime.timedelta(seconds=0))
    def hold(params: dict[str, str] | None = None) -> str:
        assert params is not None  # Airflow gives it
        for _ in range(600):
            if Path(params["file"]).exists():
                return "let go"
            time.sleep(0.1)
        raise TimeoutError("nobody let go")

    hold()


held()
