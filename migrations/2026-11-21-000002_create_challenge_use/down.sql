DROP TABLE challenge_use;
