# For `carvoice doctor` and the like: the models of the image.
export CARVOICE_MODELS=@DATADIR@/carvoice/models
