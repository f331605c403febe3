"""Started by the webhook receiver: each delivery is one DAG run, one run and one video."""

from airflow.sdk import DAG, AssetAlias, Param

from nemovideo_nodes.airflow.forms import (
    APPROVAL,
    HANDOVER,
    PICTURES,
    PROFILE,
    PROMPT,
    SYNTHETIC_MEDIA,
)
from nemovideo_nodes.airflow.video import RequestedVideoOperator

with DAG(
    "video_from_webhook",
    dag_display_name="Video from a webhook",
    description="The video that a delivery asks for; media come from the web alone",
    doc_md=__doc__,
    schedule=None,
    catchup=False,
    tags=["nemovideo"],
    params={
        "run_id": Param(
            "",
            type=["string", "null"],
            title="Run id",
            description="The delivery's id: the same id again is the same run.",
        ),
        "images": PICTURES,
        "prompt": PROMPT,
        "profile": PROFILE,
        "language": Param("", type=["string", "null"], title="Language", section="More"),
        "media_hosts": Param(
            [],
            type=["array", "null"],
            items={"type": "string"},
            title="Media hosts",
            description="The only hosts that media are fetched from; empty: any public one.",
            section="More",
        ),
        "notify": Param(
            None,
            type=["object", "null"],
            title="Notify",
            description="Who is told what becomes of the run, as the receiver says it.",
            section="More",
        ),
        "handover": HANDOVER,
        "synthetic_media": SYNTHETIC_MEDIA,
        "budget_per_day": Param(
            None,
            type=["number", "null"],
            exclusiveMinimum=0,
            title="Budget per day",
            description="The most credits of the webhook source in a day.",
            section="More",
        ),
        "source": Param("", type=["string", "null"], title="Webhook source", section="More"),
        "platforms": Param(
            [],
            type=["array", "null"],
            items={"type": "string"},
            title="Platforms",
            description="Where the video goes, such as tiktok; the first one decides its frame.",
            section="More",
        ),
        "texts": Param(
            {},
            type=["object", "null"],
            title="Texts",
            description="By platform: caption, title, hashtags, alt_text and link.",
            section="More",
        ),
        "approval": APPROVAL,
    },
):
    RequestedVideoOperator(
        task_id="video",
        run_id="{{ params.run_id or '' }}",
        images="{{ params.images | tojson }}",
        prompt="{{ params.prompt or '' }}",
        profile="{{ params.profile }}",
        approval="{{ params.approval or '' }}",
        language="{{ params.language or '' }}",
        media_hosts="{{ params.media_hosts | tojson }}",
        notify="{{ (params.notify or {}) | tojson }}",
        handover="{{ params.handover or '' }}",
        synthetic_media="{{ params.synthetic_media }}",
        budget_per_day="{{ params.budget_per_day or '' }}",
        source="{{ params.source or '' }}",
        platforms="{{ params.platforms | tojson }}",
        texts="{{ params.texts | tojson }}",
        outlets=[AssetAlias("nemovideo_videos")],
    )
