"""Scheduled social content: the posts of a calendar (CSV or YAML) that are due, each made once."""

from datetime import timedelta

from airflow.sdk import DAG, AssetAlias, Param

from nemovideo_nodes.airflow.calendar_results import CalendarResultsOperator
from nemovideo_nodes.airflow.content import DuePostsOperator
from nemovideo_nodes.airflow.forms import APPROVAL, HANDOVER, OVER_BUDGET, SAME_ACCOUNT
from nemovideo_nodes.airflow.notifying import SendNotificationsOperator
from nemovideo_nodes.airflow.retries import RETRIES, RETRY_DELAY
from nemovideo_nodes.airflow.video import ImageToVideoOperator

with DAG(
    "social_content",
    dag_display_name="Social content by calendar",
    description="Makes the videos that are due",
    doc_md=__doc__,
    schedule=timedelta(minutes=15),
    catchup=False,
    max_active_runs=1,
    tags=["nemovideo"],
    params={
        "calendar": Param(
            "content-calendar.csv",
            type="string",
            title="Calendar",
            description="A CSV or YAML file, as the workers see it. See docs/airflow.md.",
        ),
        "timezone": Param(
            "UTC",
            type="string",
            title="Time zone",
            description="The zone of times that name none, for example Europe/Berlin.",
        ),
        "within_hours": Param(
            24,
            type="integer",
            minimum=1,
            maximum=24 * 31,
            title="Hours back",
            description="Posts that were due longer ago are left alone.",
        ),
        "notify": Param(
            [],
            type=["array", "null"],
            items={"type": "string"},
            title="Notify",
            description="The channels of notifications.toml that are told what came of it, in one "
            "message; none: those of all runs.",
        ),
        "handover": HANDOVER,
        "approval": APPROVAL,
        "budget": Param(
            None,
            type=["number", "null"],
            exclusiveMinimum=0,
            title="Budget",
            description="The most credits of all that is made from the calendar; what does not "
            "fit is held for a person.",
            section="More",
        ),
        "over_budget": OVER_BUDGET,
        "same_account": SAME_ACCOUNT,
        "ahead_hours": Param(
            0,
            type="integer",
            minimum=0,
            maximum=24 * 31,
            title="Hours ahead",
            description="How long before its time a post is made, so that a publisher can "
            "schedule it.",
            section="More",
        ),
        "destination": Param(
            "",
            type=["null", "string"],
            title="Destination",
            description="A folder or bucket for what each platform gets, with its text.",
        ),
        "results": Param(
            "",
            type=["null", "string"],
            title="Results",
            description="A CSV for the sheet, with what came of each video: a file or s3://…",
        ),
    },
):
    due = DuePostsOperator(
        task_id="due",
        retries=RETRIES,
        retry_delay=RETRY_DELAY,
        calendar="{{ params.calendar }}",
        timezone="{{ params.timezone }}",
        within_hours="{{ params.within_hours }}",
        ahead_hours="{{ params.ahead_hours }}",
        notify="{{ (params.notify or []) | tojson }}",
        handover="{{ params.handover or '' }}",
        approval="{{ params.approval or '' }}",
        budget="{{ params.budget or '' }}",
    )
    videos = ImageToVideoOperator.partial(
        task_id="video",
        retries=RETRIES,
        retry_delay=RETRY_DELAY,
        map_index_template="{{ task.run_id }}",
        destination="{{ params.destination or '' }}",
        over_budget="{{ params.over_budget }}",
        same_account="{{ params.same_account }}",
        outlets=[AssetAlias("nemovideo_videos")],
    ).expand_kwargs(due.output)
    results = CalendarResultsOperator(
        task_id="results",
        calendar="{{ params.calendar }}",
        timezone="{{ params.timezone }}",
        results="{{ params.results or '' }}",
        videos=videos.output,
    )
    results.as_teardown()  # what fails the DAG run is a video
    tell = SendNotificationsOperator(
        task_id="tell", calendar="{{ params.calendar }}", videos=due.output
    )
    [due, videos] >> tell.as_teardown()
