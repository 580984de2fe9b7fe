"""Words that carry no legal content in a question, per language, folded as the analyser folds.

Short on purpose: function words and question words only. A word that can name a legal thing
("will", "may", "son" in a question of parentage) stays searchable or is absent from the list of
the language in which it matters.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STOPWORDS: dict[str, frozenset[str]] = {
    "en": _words(
        "a about after again all also am an and any are as at be been before being between but by "
        "can could did do does during each for from had has have he her his how i if in into is it "
        "its me my no nor not of on or our s shall she should so such t than that the their them "
        "then there these they this those to under until upon was we were what when where whether "
        "which while who whom whose why with would you your"
    ),
    "fr": _words(
        "a ai ait au aux avait avec c ce ces cet cette chez comment d dans de depuis des doit dont "
        "du elle elles en entre est et etait etre eux fut il ils j je jusqu l la le les leur leurs "
        "lorsqu lorsque m mais mes mon n ne nos notre nous on ont ou par pas pendant peut peuvent "
        "plus pour pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se sera ses "
        "si sont sous sur t ta tel telle un une vos votre vous y"
    ),
    "de": _words(
        "ab aber als am an auch auf aus bei bis da damit das dass dem den der des die diese diesem "
        "diesen dieser dieses doch du durch ein eine einem einen einer eines er es fur gegen hat "
        "hatte ich ihr im in ist ja kann kein keine konnen mit muss nach nicht noch nur ob oder "
        "ohne sein seine sich sie sind so uber um und uns unter vom von vor wann war waren warum "
        "was welche welchem welchen welcher welches wenn wer werden wie wird wir wird wo wurde zu "
        "zum zur"
    ),
    "es": _words(
        "a al ante antes como con cual cuales cuando cuanta cuanto de del desde donde durante e el "
        "ella en entre era es esa ese eso esta este esto estos fue ha hasta hay la las le les lo "
        "los mas mi ni no o para pero por porque que quien quienes se sea ser si sin sobre son su "
        "sus tambien tiene un una uno y ya"
    ),
    "et": _words(
        "aga alates ei enne et ja just juhul ka kas kes kui kuidas kuni kus kõik kõige mida mil "
        "milline millal millised millise mis miks mitte mõni ma me nad need nii nende ning oli "
        "olid olla oleks on peab pärast saab see seda selle siis ta te tema vastavalt või üks"
    ),
    "zh": _words(
        "了 于 什么 什麼 以及 何时 何時 依照 关于 關於 其 可以 和 哪些 多久 多少 如何 对于 對於 "
        "怎么 怎麼 怎样 是 是否 有何 有哪 根据 根據 的 规定 規定 请问 請問"
    ),
}
