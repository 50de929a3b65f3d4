"""Names of split folders as they are in the wild."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.split_names import SPLITS, split_and_rest, split_of, without_split

NAMED = {
    "train": (
        "train, Training Set, trainval, train_val, trainimages, Trainingsdaten, Entraînement, Entrenamiento, Treino, "
        "addestramento, Обучение, обучающая выборка, 训练集, 訓練用データ, 학습 데이터, "
        "eğitim_seti, EĞİTİM, traning, تدريب"
    ),
    "valid": (
        "val_images, DEV, hold out, Validación, validation_données, Validierung, 验证, 検証データ, doğrulama, vaild"
    ),
    "test": "test1, Testdaten, Prueba, teste, 测试集图片, テスト, 테스트, Тест, test (2)",
    "": "train_station, train_test, contest, valley, testament, 训练师, trainer, value, , 2019, val d'isere ski",
}


@pytest.mark.parametrize(
    ("name", "split"), [(name, split) for split, names in NAMED.items() for name in names.split(", ")]
)
def test_names_of_splits(name: str, split: str) -> None:
    assert split_of(name) == split


@pytest.mark.parametrize("word", sorted(SPLITS))
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_case_and_normal_form_do_not_matter(word: str, form: str) -> None:
    assert split_of(unicodedata.normalize(form, word.upper())) == SPLITS[word]


@pytest.mark.parametrize(
    ("name", "rest"),
    [("train_cats", "cats"), ("Red Fox-TEST", "Red Fox"), ("valHusky", "Husky"), ("cats", "cats"), ("train", "")],
)
def test_what_a_name_says_beside_its_split(name: str, rest: str) -> None:
    assert without_split(name) == rest


@given(st.text(max_size=20))
def test_any_name_may_be_asked(name: str) -> None:
    meant, rest = split_and_rest(name)
    assert meant in ("train", "valid", "test", "")
    assert isinstance(rest, tuple)
    without_split(name)
