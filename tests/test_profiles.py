"""A profile is the attribution that a skill document or a built-in skill gives each request."""

from pathlib import Path

import pytest

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.profiles import BUILT_IN, DEFAULT_PROFILE, Profile, parse_skill, platform_of
from nemovideo_nodes.settings import find_profile

SKILL = """---
name: my-skill
version: 1.10
description: "text: with a colon"
---
# My skill

Try saying "make my pictures
dance" or try saying more.
"""


def skill(front: str) -> Profile:
    return parse_skill(f"---\n{front}\n---\n", where="SKILL.md")


def test_built_in() -> None:
    """The two skills say what section 8 of the contract says."""
    assert set(BUILT_IN) == {"ai-image-to-video-miricanvas", "image-to-video-canva"}
    canva, miri = BUILT_IN[DEFAULT_PROFILE], BUILT_IN["ai-image-to-video-miricanvas"]
    assert (canva.language, miri.language) == ("en", None)
    assert canva.default_instruction == (
        "turn my product images into a 15-second promotional video with transitions and music"
    )
    assert miri.default_instruction == (
        "turn my images into a smooth animated video with transitions"
    )
    assert canva.headers == {
        "X-Skill-Source": "image-to-video-canva",
        "X-Skill-Version": "1.0.0",
        "X-Skill-Platform": "unknown",
    }


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_skill_document(end: str, mark: str) -> None:
    """Name and version come from the frontmatter, letter for letter."""
    profile = parse_skill(mark + SKILL.replace("\n", end), where="SKILL.md")
    assert (profile.name, profile.version) == ("my-skill", "1.10")
    assert profile.default_instruction == "make my pictures dance"


@pytest.mark.parametrize(
    ("front", "version"),
    [
        ("name: x", "1.0.0"),
        ("name: x\nversion:", "1.0.0"),
        ("name: x\nversion: 2", "2"),
        ("name: x\nversion: '0.1'", "0.1"),
        ("name: x\nversion: 2024-01-01", "2024-01-01"),
        ("name: x\nversion: [1, 2]", "1.0.0"),
        ("name: 7\nversion: 1e3", "1e3"),
    ],
)
def test_versions_are_text(front: str, version: str) -> None:
    """YAML's numbers and dates do not change what stands there."""
    assert skill(front).version == version


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# no frontmatter",
        "---\nname: x\n",
        "---\n: [\n---\n",
        "---\nname:\n---\n",
        "---\n- a\n---\n",
        "---\nversion: 1\n---\n",
        "---\nname: [a]\n---\n",
        '---\nname: "a\\r\\nX-Evil: 1"\n---\n',
        "---\nname: 图片\n---\n",
        "---\nname: x\nversion: é\n---\n",
        "---\nx: " + "[" * 1500 + "\n---\n",
        "---\nname: !!python/object/apply:os.getcwd []\n---\n",
    ],
)
def test_bad_documents(text: str) -> None:
    """What is no skill document raises one sentence that names it."""
    with pytest.raises(BadInput, match="here/SKILL"):
        parse_skill(text, where="here/SKILL.md")


@pytest.mark.parametrize(
    ("path", "platform"),
    [
        ("/u/.clawhub/skills/x/SKILL.md", "clawhub"),
        ("/u/.cursor/skills/x/SKILL.md", "cursor"),
        ("C:\\u\\.cursor\\skills\\x\\SKILL.md", "cursor"),
        ("/u/.cursor/other/SKILL.md", "unknown"),
        ("/u/my.clawhub/x", "unknown"),
        ("SKILL.md", "unknown"),
    ],
)
def test_platform(path: str, platform: str) -> None:
    """The platform is read off the install path by the vendor's rule."""
    assert platform_of(path) == platform


def test_find_by_name_path_and_profile(tmp_path: Path) -> None:
    """A profile is found by name, by a document's path or folder, or is given whole."""
    folder = tmp_path / ".clawhub" / "my-skill"
    folder.mkdir(parents=True)
    (folder / "SKILL.md").write_text(SKILL)
    assert find_profile(DEFAULT_PROFILE).name == DEFAULT_PROFILE
    by_file, by_folder = find_profile(folder / "SKILL.md"), find_profile(str(folder))
    assert by_file == by_folder
    assert (by_file.name, by_file.platform) == ("my-skill", "clawhub")
    own = Profile(name="own", version="3")
    assert find_profile(own) is own


def test_skill_source_goes_first(tmp_path: Path) -> None:
    """SKILL_SOURCE decides the platform of every profile."""
    document = tmp_path / ".cursor" / "skills" / "SKILL.md"
    document.parent.mkdir(parents=True)
    document.write_text(SKILL)
    for named in (DEFAULT_PROFILE, document, Profile(name="own")):
        assert find_profile(named, "clawhub").headers["X-Skill-Platform"] == "clawhub"
    assert find_profile(document).platform == "cursor"


@pytest.mark.parametrize("name", ["nothing", "x" * 5000, "~nobody-of-this-name/x", "a\0b", "/"])
def test_unknown_profile(name: str) -> None:
    """An unknown profile's sentence lists the known ones."""
    with pytest.raises(BadInput, match="image-to-video-canva") as caught:
        find_profile(name)
    assert len(caught.value.sentence) < 400


def test_unreadable_document(tmp_path: Path) -> None:
    """A document that is no text is named."""
    (tmp_path / "SKILL.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="UTF-8"):
        find_profile(tmp_path)


@pytest.mark.parametrize("field", ["name", "version", "platform"])
@pytest.mark.parametrize("value", ["", " ", "é", "a\nb"])
def test_what_fits_no_header(field: str, value: str) -> None:
    """A profile never holds what a header cannot."""
    with pytest.raises(ValueError, match="ASCII"):
        Profile(**{"name": "x", field: value})


@pytest.mark.parametrize(
    "front",
    [
        "name: x\nversion: 1.2\ndescription: Turn pictures: into a film",
        "description: bad: yaml: here\nname: 'x'\nversion: \"1.2\"",
        "name: x # ours\nversion: 1.2\n\tmetadata: [",
        'name: x\nversion: 1.2\nmetadata: {"openclaw": {"emoji": "x"}}',
        "name: x\nversion: 1.2\nmetadata:\n  requires:\n    env: [NEMO_TOKEN]",
        "name: x\nversion: 1.2\nmetadata.openclaw: y\nmetadata.openclaw.emoji: z",
        "name: x\nversion: 1.2\nmetadata: a\nmetadata: b",
        "metadata:\n  name: other\nname: x\nversion: 1.2\ndescription: a: b: c",
    ],
)
def test_frontmatters_of_the_wild(front: str) -> None:
    """What is not valid YAML is read line by line."""
    profile = skill(front)
    assert (profile.name, profile.version) == ("x", "1.2")


def test_a_frontmatter_may_be_all(tmp_path: Path) -> None:
    """Without a body, without a line's end, and without a default."""
    profile = parse_skill("---\nname: x\nlanguage: zh\n---", where="SKILL.md")
    assert (profile.version, profile.language, profile.default_instruction) == ("1.0.0", "zh", "")


TRY_SAYING = """
## Getting started
Try saying:
- "{{example prompt goes here}}"
- "make a calm film of my garden"
- "add some soft music to it"
"""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (TRY_SAYING, "make a calm film of my garden"),
        (
            TRY_SAYING + '\n**Quick edit**: Upload → "trim the boring parts out" → Download.\n',
            "trim the boring parts out",
        ),
        (
            '## Quick edit\n\nSay “trim the boring\nparts out”.\n\n## Batch\n"another one"',
            "trim the boring parts out",
        ),
        (
            "See [quick edit](#quick-edit).\n\n- **Quick Edit** `trim the boring parts out`\n"
            '- **Batch**: "do all of them"\n',
            "trim the boring parts out",
        ),
        (
            '**Quick edit**: fast.\n**Batch**: "do all of them alike"\n' + TRY_SAYING,
            "make a calm film of my garden",
        ),
        ('Try saying "make my pictures dance".', "make my pictures dance"),
        ('Try saying: "short".\n# Next\n"nothing of an example"', ""),
        ('Nothing to try, "although this is quoted".', ""),
        ("## 快速编辑\n「把图片做成竖屏视频」", "把图片做成竖屏视频"),
        ("## 试试这样说\n- “{填写}”\n- “做成短片”", "做成短片"),
        ("| Quick edit | 'trim the boring parts out' |", "trim the boring parts out"),
        ("### ⚡ Quick edit\n```\ntrim the boring parts out\n```", "trim the boring parts out"),
        ("## Edición rápida\n\n«une mis fotos con música»", "une mis fotos con música"),
        ("## 快速編輯\n「把圖片做成直版影片」", "把圖片做成直版影片"),
        ("## クイック編集\n「写真を穏やかな動画にして」", "写真を穏やかな動画にして"),
        ("## Quick\u00a0edits\n~~~\ntrim the boring parts out\n~~~", "trim the boring parts out"),
        ("**Quick edit**: 'trim Mom's boring parts out'", "trim Mom's boring parts out"),
        ('Quick edit: \\"trim the boring parts out\\"', "trim the boring parts out"),
        ('**Quick edit**: "<your instruction>"\n' + TRY_SAYING, "make a calm film of my garden"),
    ],
)
def test_the_default_is_the_skills_own(body: str, expected: str) -> None:
    """Its quick edit, else its second example, else its first."""
    profile = parse_skill(f"---\nname: x\n---\n{body}", where="SKILL.md")
    assert profile.default_instruction == expected


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_documents_of_other_editors_are_read(encoding: str, tmp_path: Path) -> None:
    """UTF-16 with its mark, and Windows-1252 with its quotes and accents."""
    text = "---\r\nname: x\r\n---\r\nCafé’s quick edit: “make my café shine”\r\n"
    (tmp_path / "SKILL.md").write_bytes(text.encode(encoding))
    assert find_profile(tmp_path / "SKILL.md").default_instruction == "make my café shine"


def test_another_encoding_is_refused_and_not_sent_as_nonsense(tmp_path: Path) -> None:
    """Chinese text that is not UTF-8 would become signs that nobody wrote."""
    text = "---\nname: x\n---\n快速编辑：“把我的照片做成短片”"
    (tmp_path / "SKILL.md").write_bytes(text.encode("gbk"))
    with pytest.raises(BadInput, match="not UTF-8"):
        find_profile(tmp_path / "SKILL.md")


@pytest.mark.parametrize(
    "frontmatter",
    [
        "---\rname: x\rversion: 2.1\r---\r",
        "---\nName: x\nVersion: 2.1\n...\n# A skill",
        "<!-- of the shop -->\n---\nname:x\nversion:2.1\nlanguage: null\n---",
    ],
)
def test_frontmatters_as_people_write_them(frontmatter: str) -> None:
    """Old line ends, capitals, YAML's own end mark, a comment above, no space after the colon."""
    profile = parse_skill(frontmatter, where="SKILL.md")
    assert (profile.name, profile.version, profile.language) == ("x", "2.1", None)


@pytest.mark.parametrize("version", ["null", "~", ""])
def test_a_version_without_a_value_is_the_first(version: str) -> None:
    """As one that is missing."""
    skill = f"---\nname: x\nversion: {version}\n---\n"
    assert parse_skill(skill, where="SKILL.md").version == "1.0.0"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_text_that_was_read_in_another_encoding_is_repaired(encoding: str) -> None:
    """Many documents went through an editor that took UTF-8 for Latin-1."""
    text = "\ufeff---\nname: x\ndescription: 视频\n---\n**Quick edit**: “réduis la durée à 5 s”\n"
    if encoding == "cp1252":  # which has no sign for some bytes
        text = text.replace("视频", "vidéo").replace("”", '"').replace("“", '"')
    misread = text.encode("utf-8").decode(encoding)
    profile = parse_skill(misread, where="SKILL.md")
    assert profile.default_instruction == "réduis la durée à 5 s"
