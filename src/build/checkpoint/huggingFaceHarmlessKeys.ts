// Keys of a Hugging Face configuration that change no vector of a CLIPModel: training, generation, bookkeeping.
// Those of every model: https://github.com/huggingface/transformers/blob/v4.31.0/src/transformers/configuration_utils.py
export const HARMLESS_KEYS: ReadonlySet<string> = new Set([
  ...["_name_or_path", "_commit_hash", "name_or_path", "architectures", "model_type", "transformers_version"],
  ...["torch_dtype", "dtype", "use_bfloat16", "torchscript", "tf_legacy_loss", "return_dict", "output_hidden_states"],
  ...[
    "output_attentions",
    "_attn_implementation_autoset",
    "attn_implementation",
    "use_cache",
    "chunk_size_feed_forward",
  ],
  ...["tie_word_embeddings", "is_encoder_decoder", "is_decoder", "cross_attention_hidden_size", "add_cross_attention"],
  ...["tie_encoder_decoder", "finetuning_task", "id2label", "label2id", "num_labels", "problem_type"],
  ...["task_specific_params", "tokenizer_class", "prefix", "bos_token_id", "eos_token_id", "pad_token_id"],
  ...["sep_token_id", "decoder_start_token_id", "max_length", "min_length", "do_sample", "early_stopping", "num_beams"],
  ...["num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty"],
  ...["length_penalty", "no_repeat_ngram_size", "encoder_no_repeat_ngram_size", "bad_words_ids"],
  ...["num_return_sequences", "output_scores", "return_dict_in_generate", "forced_bos_token_id"],
  ...["forced_eos_token_id", "remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens"],
  ...["begin_suppress_tokens", "gradient_checkpointing", "attention_dropout", "dropout", "initializer_range"],
  ...["initializer_factor", "logit_scale_init_value", "transformers.js_config"],
  // A tower's own; the model projects both to the one beside them.
  "projection_dim",
]);
