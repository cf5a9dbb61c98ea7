"""A small tokenizer of SigLIP 2's kind: Gemma's BPE of whole texts, as transformers' GemmaConverter lays it out.

Bytes for what has no letter of its own, runs of spaces and newlines and HTML tags as tokens that are not special, merges
of all ways in which a piece parts into two others.
"""
import json
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import Siglip2Tokenizer
from transformers.tokenization_utils_base import generate_merges

CONTEXT = 64
SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>"]
TURNS = ["<start_of_turn>", "<end_of_turn>"]
USER = ["<mask>", "<2mass>", "[@BOS@]", "<unused0>", *("\n" * n for n in range(1, 5)), *("▁" * n for n in range(2, 9))]
USER += ["<table>", "<caption>", "<tr>", "</tr>", "<h1>", "</h1>", "<b>", "</b>", "<br>"]
PIECES = 480

CORPUS = """
a photo of a cat and a photo of the dog, with the cat on the table of the house
a picture of two people who are walking along the water in the evening, it's the dog's
the red bus and the blue car in front of the old station, they don't stop here
ein foto von einer katze auf der straße, die schöne alte stadt und der große hund
une photo d'un chat noir à côté de la fenêtre, où le café est fermé
una foto de un niño pequeño con el perro en la calle, mañana y ayer
фото кошки и собаки, привет из города, мир и море
η γάτα και ο σκύλος στο σπίτι, οδυσσέας σίσυφος
صورة قطة وكلب في البيت، مرحبا بالعالم
תמונה של חתול וכלב בבית שלום עולם
बिल्ली और कुत्ते की तस्वीर हिन्दी पाठ
猫の写真と犬の写真 日本語のテキスト
一张猫的照片和一张狗的照片 中文
고양이와 개의 사진 한국어 텍스트
ภาพถ่ายของแมว ภาษาไทย
1 2 3 4 5 6 7 8 9 0 10 1990 2024 3.14
constructor
constructor
"""


def pieces() -> list[str]:
    """Learnt on words with the space before them, digits apart, most frequent first."""
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never"), pre_tokenizers.Digits(individual_digits=True)])
    words.train_from_iterator(CORPUS.strip().split("\n") * 4, trainers.BpeTrainer(vocab_size=PIECES, show_progress=False, initial_alphabet=[*map(chr, range(33, 127)), "▁"]))
    return [piece for piece, _ in sorted(words.get_vocab().items(), key=lambda each: each[1])]


def gemma() -> Tokenizer:
    # A tab has its byte's place, as in Gemma's own table.
    table = [*SPECIAL, *USER, *TURNS, *("\t" if byte == 9 else f"<0x{byte:02X}>" for byte in range(256))]
    table += [piece for piece in pieces() if piece not in table]
    scores = {piece: -float(rank) for rank, piece in enumerate(table)}
    vocab = {piece: index for index, piece in enumerate(table)}
    words = Tokenizer(models.BPE(vocab, generate_merges(vocab, scores), unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    words.add_tokens([AddedToken(piece, normalized=False, special=piece in SPECIAL + TURNS) for piece in SPECIAL + USER + TURNS])
    words.normalizer = normalizers.Replace(" ", "▁")
    words.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    words.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    words.post_processor = processors.TemplateProcessing(single="$A:0 <eos>:0", pair="$A:0 <eos>:0 $B:1 <eos>:1", special_tokens=[("<eos>", 1)])
    return words


def save(out: Path) -> Siglip2Tokenizer:
    """Writes tokenizer.json and tokenizer_config.json as SigLIP 2's folders have them. @returns transformers' reading of them

    A text that spells a special token is text (split_special_tokens), as SentencePiece has it and training had.
    """
    words = gemma()
    (out / "tokenizer.json").write_text(json.dumps(json.loads(words.to_str()), ensure_ascii=False, separators=(",", ":")) + "\n")
    named = {"bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>"}
    added = {str(index): {"content": token.content, "lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": token.special} for index, token in words.get_added_tokens_decoder().items()}
    config = {"add_bos_token": False, "add_eos_token": True, "added_tokens_decoder": added, "additional_special_tokens": TURNS, "clean_up_tokenization_spaces": False, "do_lower_case": True, "model_input_names": ["input_ids"], "model_max_length": CONTEXT, "padding_side": "right", "processor_class": "SiglipProcessor", "spaces_between_special_tokens": False, "tokenizer_class": "GemmaTokenizer", **named}
    (out / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, separators=(",", ":")) + "\n")
    return Siglip2Tokenizer.from_pretrained(out, split_special_tokens=True)


def encode(words: Siglip2Tokenizer, texts: list[str]) -> list[list[int]]:
    """As SiglipProcessor does."""
    return words(texts, padding="max_length", truncation=True, max_length=CONTEXT)["input_ids"]
