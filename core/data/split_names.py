"""What folders above the classes are called: train, val_images, seg_test, Entraînement, Testdaten, 训练集, ..."""

import re
import unicodedata

from core.data.folder_names import one_form

_WORDS = {
    "train": "train training trn trainset traindata trainval trainvalid trainings trainning traning trainig "
    "entrainement apprentissage entrenamiento entrenar treino treinamento treinar addestramento allenamento "
    "trainieren trainingsdaten trainingsbilder trainingsset trainingsdatensatz trainen trainingsdata treningowy "
    "treningowe trening uczacy trenink trenovaci traning egitim latih pelatihan "
    "обучение обучающая обучающие тренировка тренировочная тренировочные трейн навчання تدريب",
    "valid": "valid val validation validate validset valset vali vaild vaildation validaton valdation "
    "dev devel development devset eval evaluation evalset holdout heldout "
    "validacion validacao validazione convalida validierung validierungsdaten validierungsset validierungsbilder "
    "validatie walidacja walidacyjny walidacyjne validace validering validasi dogrulama gecerleme "
    "валидация валидационная проверка валидація تحقق",
    "test": "test testing tst testset testdata tests tset prueba pruebas teste testes testdaten testbilder testmenge "
    "testdatensatz testowy testowe testovaci uji pengujian тест тестовая тестовые тестирование اختبار",
}
"""The words for each split, without accents; names are compared without them too."""

_EAST_ASIAN = {
    "train": ("训练", "訓練", "学习", "学習", "トレーニング", "훈련", "학습"),
    "valid": ("验证", "驗證", "検証", "評価", "검증"),
    "test": ("测试", "測試", "テスト", "試験", "테스트", "시험"),
}
"""Beginnings of names in writing without spaces, where what follows is like "set", "data" or "images"."""

_AFTER = re.compile(
    "(用|集|集合|组|組|样本|樣本|数据集?|數據集?|資料集?|图片|圖片|图像|圖像|画像|データ|データセット|セット|데이터|데이터셋|셋|세트|이미지|용)*"
)

NEUTRAL = frozenset(
    "set sets data dataset datasets split splits seg image images img imgs photo photos picture pictures pic pics "  # noqa: SIM905
    "sample samples folder folders dir directory file files jpg jpeg png the all full final new raw cropped resized "
    "processed original originals class classes "
    "daten bilder fotos imagenes imagens immagini datos dados donnees dati dane conjunto ensemble insieme jeu veri "
    "seti de d du la le l di da do der die das набор данные данных выборка изображения картинки".split()
)
"""Words that stand beside a split's name without changing what it means: `train_images`, `seg_train`, `test_set`."""


def _bare(word: str) -> str:
    """A word without accents, in lower case."""
    apart = unicodedata.normalize("NFD", word.casefold().replace("ı", "i"))
    return unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", apart))


SPLITS = {_bare(word): split for split, listed in _WORDS.items() for word in listed.split()}
"""A word in the name of a folder above the classes, as `_bare` gives it -> the split that it means."""


def words(name: str) -> list[str]:
    """The words of a folder's name without accents: "SegTrain_2017" -> seg, train; numbers are left out."""
    return [word for word in re.split(r"[\W_\d]+", _bare(_spaced(name))) if word]


def _spaced(name: str) -> str:
    """A name with spaces between the words of SegTrain."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", one_form(name))


def split_of(name: str) -> str:
    """The split that a folder's name means ("train", "valid", "test"); "" where it may be a class."""
    meant, rest = split_and_rest(name)
    return meant if not set(rest) - NEUTRAL else ""


def split_and_rest(name: str) -> tuple[str, tuple[str, ...]]:
    """The split that the words of a name mean, and the other words; ("", ...) where none or several do.

    Training and validation together ("train_val") are for training, as they lie beside a test folder.
    """
    parts = words(name)
    if "".join(parts) in ("holdout", "heldout"):
        return "valid", ()
    meant = {word: split for word in parts if (split := _split_of_word(word))}
    found = set(meant.values())
    if found == {"train", "valid"} and len(parts) == 2 and parts[0] == "train":
        found = {"train"}
    if len(found) != 1:
        return "", tuple(parts)
    return found.pop(), tuple(word for word in parts if word not in meant and not _AFTER.fullmatch(word))


def without_split(name: str) -> str:
    """What a name says beside its split: "train_Red Fox" -> "Red Fox"."""
    kept = re.sub(r"[^\W\d_]+", lambda word: "" if _split_of_word(_bare(word[0])) else word[0], _spaced(name))
    return kept.strip(" _-.,()")


def _split_of_word(word: str) -> str:
    found = SPLITS.get(word, "")
    if found:
        return found
    if word.isascii():  # trainimages
        joined = re.fullmatch(r"(train|training|valid|validation|val|test|testing)(\w{3,})", word)
        return SPLITS[joined[1]] if joined and joined[2] in NEUTRAL else ""
    for split, beginnings in _EAST_ASIAN.items():
        for beginning in map(_bare, beginnings):
            if word.startswith(beginning) and _AFTER.fullmatch(word[len(beginning) :]):
                return split
    return ""
