"""Many models in one container: SageMaker's multi-model contract."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sminference.artifact import load
from sminference.config import Settings
from sminference.errors import RequestError
from sminference.hosting import load_model
from sminference.repository import Repository

ROW = [[5.1, 3.5, 1.4, 0.2]]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, model_dir: Callable[[str], Path]) -> Path:
    """A folder of models as SageMaker unpacks them."""
    folder = tmp_path_factory.mktemp("models")
    for name in ("random-forest", "gradient-boosting"):
        shutil.copytree(model_dir(name), folder / name / "model")
    return folder


@pytest.fixture
def settings(root: Path) -> Settings:
    return Settings(multi_model=True, models_root=root)


@pytest.fixture
def models(make_client: Callable[..., Any], settings: Settings) -> Any:
    """An application with no model loaded yet."""
    return make_client(settings, Repository(settings))


def load_request(root: Path, name: str = "rf", model: str = "random-forest") -> dict[str, str]:
    return {"model_name": name, "url": str(root / model / "model")}


def test_a_model_is_loaded_listed_described_invoked_and_unloaded(models: Any, root: Path, ask: Any) -> None:
    assert models(load_request(root), path="/models").status == 200
    entry = {"modelName": "rf", "modelUrl": str(root / "random-forest/model")}
    assert models(path="/models", method="GET").json == {"models": [entry]}
    described = models(path="/models/rf", method="GET").json
    assert described | entry == described
    assert described["description"]["classes"] == ["setosa", "versicolor", "virginica"]
    assert models(ROW, path="/models/rf/invoke").json == ask(ROW).json
    assert models(path="/models/rf", method="DELETE").status == 200
    assert models(path="/models", method="GET").json == {"models": []}
    for path, method in [("/models/rf", "GET"), ("/models/rf", "DELETE"), ("/models/rf/invoke", "POST")]:
        reply = models(ROW, path=path, method=method)
        assert reply.status == 404
        assert reply.error.startswith('models: "rf" is not loaded')


def test_two_models_answer_side_by_side(models: Any, root: Path) -> None:
    models(load_request(root), path="/models")
    models(load_request(root, "gb", "gradient-boosting"), path="/models")
    answers = [models(ROW, path=f"/models/{name}/invoke").json["predictions"][0] for name in ("rf", "gb")]
    assert [answer["predicted_class"] for answer in answers] == ["setosa", "setosa"]
    assert answers[0]["probabilities"] != answers[1]["probabilities"]


def test_a_name_that_is_taken_is_a_409(models: Any, root: Path) -> None:
    models(load_request(root), path="/models")
    reply = models(load_request(root, model="gradient-boosting"), path="/models")
    assert (reply.status, reply.error) == (409, 'models: "rf" is loaded already; unload it with DELETE first')


@pytest.mark.parametrize("name", ["/lead", "a\nb", "\x00", "a\x7f"])
def test_a_name_that_no_path_leads_to_is_a_400(models: Any, root: Path, name: str) -> None:
    reply = models(load_request(root, name), path="/models")
    assert reply.status == 400
    assert reply.error.startswith("model_name: expected printable characters, no slash first, got ")


def test_nobody_is_redirected(models: Any) -> None:
    assert models(ROW, path="/models//rf/invoke").status == 404


def test_a_model_is_counted_with_its_table_wherever_its_memory_comes_from(settings: Settings, root: Path) -> None:
    repository = Repository(settings)
    for name in ("first", "second"):
        loaded = repository.load(name, str(root / "random-forest" / "model"))
        assert loaded.size > loaded.served.model.predictor._answers.nbytes > 10_000_000  # type: ignore[attr-defined]
        repository.unload(name)


def test_a_name_is_opaque(models: Any, root: Path) -> None:
    for name in ("a/b/c", "../../etc", "ünï", "a b", "invoke", "a//b", "b/"):
        assert models(load_request(root, name), path="/models").status == 200
        assert models(ROW, path=f"/models/{name.encode().decode('latin-1')}/invoke").status == 200
        assert models(path=f"/models/{name.encode().decode('latin-1')}", method="DELETE").status == 200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", 'body: expected {"model_name": "...", "url": "/opt/ml/models/.../model"}'),
        ("[]", 'body: expected {"model_name": "...", "url": "/opt/ml/models/.../model"}, got []'),
        ('{"url": "/x"}', "model_name: expected a string, got null"),
        ('{"model_name": "", "url": "/x"}', "model_name: expected 1 to 1024 characters, got 0"),
        ('{"model_name": "x", "url": 1}', "url: expected a string, got 1"),
        ('{"model_name": "x", "url": "/etc"}', "url: expected a folder below "),
        ('{"model_name": "x", "url": "\\u0000"}', "url: expected a folder below "),
    ],
)
def test_a_wrong_load_request_is_a_400(models: Any, body: str, error: str) -> None:
    reply = models(body, path="/models")
    assert reply.status == 400
    assert reply.error.startswith(error)


@pytest.mark.parametrize("way_out", ["..", "random-forest/../..", "link"])
def test_a_url_leads_nowhere_outside(models: Any, root: Path, way_out: str) -> None:
    link = root / "link"
    if not link.exists():
        link.symlink_to("/usr")
    reply = models({"model_name": "x", "url": str(root / way_out)}, path="/models")
    assert reply.status == 400


def test_a_damaged_model_is_a_400_and_its_name_stays_free(models: Any, root: Path) -> None:
    damaged = root / "damaged"
    shutil.copytree(root / "random-forest", damaged, dirs_exist_ok=True)
    (damaged / "model/trees.npz").write_bytes(b"x")
    reply = models(load_request(root, model="damaged"), path="/models")
    assert (reply.status, reply.error[:24]) == (400, "url: trees.npz has 1 byt")
    assert models(load_request(root), path="/models").status == 200


def test_a_long_list_comes_in_pages(models: Any, root: Path, settings: Settings, make_client: Any) -> None:
    one = load(root / "random-forest/model")
    repository = Repository(settings, lambda _folder: (one, 1))
    client = make_client(settings, repository)
    names = sorted(f"model-{number}" for number in range(250))
    for name in names:
        repository.load(name, str(root / "random-forest/model"))
    found: list[str] = []
    token = ""
    while True:
        reply = client(path=f"/models?next_page_token={token}" if token else "/models", method="GET").json
        found += [entry["modelName"] for entry in reply["models"]]
        token = reply.get("nextPageToken", "")
        if not token:
            break
        assert len(reply["models"]) == 100
    assert found == names


class Sized:
    """A repository whose models take the memory that a test says."""

    def __init__(self, root: Path, bound: int) -> None:
        model = load(root / "random-forest/model")
        self.sizes: list[int] = []
        self.url = str(root / "empty")
        (root / "empty").mkdir(exist_ok=True)
        settings = Settings(multi_model=True, models_root=root, model_memory_bytes=bound)
        self.repository = Repository(settings, lambda _folder: (model, self.sizes.pop(0)))

    def load(self, name: str, size: int) -> None:
        self.sizes.append(size)
        self.repository.load(name, self.url)

    @property
    def names(self) -> list[str]:
        return [loaded.name for loaded in self.repository.page(None)[0]]


def test_memory_is_bounded_and_the_least_recently_used_goes(root: Path) -> None:
    models = Sized(root, bound=100)
    models.load("a", 40)
    models.load("b", 40)
    models.repository.get("a")
    models.load("c", 40)
    assert models.names == ["a", "c"]
    models.load("d", 100)
    assert models.names == ["d"]


def test_a_model_larger_than_the_bound_is_a_507_and_unloads_nothing(root: Path) -> None:
    models = Sized(root, bound=100)
    models.load("a", 60)
    with pytest.raises(RequestError) as caught:
        models.load("b", 101)
    assert (caught.value.status, caught.value.message) == (
        507,
        'models: "b" takes 101 bytes, more than there is within 100',
    )
    assert models.names == ["a"]


def test_a_model_that_does_not_fit_on_disk_is_not_even_read(root: Path, make_client: Any) -> None:
    settings = Settings(multi_model=True, models_root=root, model_memory_bytes=1000)
    reply = make_client(settings, Repository(settings))(load_request(root), path="/models")
    assert reply.status == 507


def test_of_two_loads_at_once_one_wins_and_others_go_on(root: Path, model_dir: Callable[[str], Path]) -> None:
    model = load(model_dir("random-forest"))
    reading, go_on = threading.Event(), threading.Event()

    def slow(_folder: Path) -> tuple[Any, int]:
        reading.set()
        assert go_on.wait(60)
        return model, 1

    repository = Repository(Settings(multi_model=True, models_root=root), slow)
    thread = threading.Thread(target=repository.load, args=("rf", str(root)))
    thread.start()
    assert reading.wait(60)
    with pytest.raises(RequestError) as caught:
        repository.load("rf", str(root))
    assert caught.value.status == 409
    with pytest.raises(RequestError) as caught:
        repository.get("rf")
    assert caught.value.status == 404
    go_on.set()
    thread.join(60)
    assert repository.get("rf").served.model is model


def test_one_model_and_many_exclude_each_other(models: Any, ask: Any, settings: Settings) -> None:
    assert models(path="/ping", method="GET").status == 200
    reply = models(ROW)
    assert reply.status == 400
    assert reply.error.startswith("POST /invocations: expected POST /models/{name}/invoke")
    assert ask(path="/models", method="GET").status == 404
    assert settings.worker_processes == 1


def test_the_process_serves_many_models(start_server: Any, root: Path) -> None:
    server = start_server(SAGEMAKER_MULTI_MODEL="true", SMINFERENCE_MODELS_ROOT=str(root), SMINFERENCE_WORKERS="4")
    assert server.get("/ping").status == 200
    for name in ("random-forest", "gradient-boosting"):
        assert server.post(json.dumps(load_request(root, name, name)).encode(), path="/models").status == 200
    for _ in range(5):
        assert len(server.get("/models").json["models"]) == 2
        for name in ("random-forest", "gradient-boosting"):
            assert server.post(json.dumps(ROW).encode(), path=f"/models/{name}/invoke").status == 200
    assert server.get("/models/random-forest", method="DELETE").status == 200
    assert server.post(json.dumps(ROW).encode(), path="/models/random-forest/invoke").status == 404


def test_a_container_of_one_model_reports_a_missing_folder(tmp_path: Path) -> None:
    hosting = load_model(Settings(model_dir=tmp_path / "nothing"))
    assert hosting.served is None
    assert str(hosting.failure).startswith("no model is served: ")
